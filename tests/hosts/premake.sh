# Premake, which writes build files; its configuration is Lua.
packages=premake4
command=premake4
run() { premake4 --file="$program" --help; }
