# LuajitTeX, a typesetter, as an interpreter of LuaJIT, whose own ffi stays what it is.
packages=texlive-luatex
command=texluajit
run() { texluajit "$program"; }
