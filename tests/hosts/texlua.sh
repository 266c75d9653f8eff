# LuaTeX, a typesetter, as an interpreter of Lua.
packages=texlive-luatex
command=texlua
run() { texlua "$program"; }
