# TShark, Wireshark without windows; its dissectors may be Lua.
packages=tshark
command=tshark
run() { tshark -X "lua_script:$program" -v; tshark -X "lua_script:$program" -r /dev/null; }
