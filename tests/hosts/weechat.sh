# WeeChat, a client of chats, without a terminal; its plug-in for scripts brings Lua as a library, which modules in C find.
packages="weechat-headless weechat-lua"
command=weechat-headless
run() { weechat-headless --stdout -d "$work/weechat" -r "/script load $program" -r "/wait 1 /quit"; }
