# rpm, a package manager; its macros may be Lua.
packages=rpm
command=rpm
run() { rpm --eval "%{lua: dofile(\"$program\") }"; }
