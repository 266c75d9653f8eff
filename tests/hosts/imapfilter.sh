# imapfilter, which sorts mail; its configuration is Lua.
packages=imapfilter
command=imapfilter
run() { HOME=$work imapfilter -c "$program"; }
