# Neovim, an editor; its Lua is LuaJIT, whose own ffi stays what it is.
packages=neovim
command=nvim
run() { nvim --headless -u NONE -c "luafile $program" -c 'qa!'; }
