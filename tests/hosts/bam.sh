# bam, which builds programs; its configuration is Lua, built without modules in C.
packages=bam
command=bam
refuses="Ferry cannot be loaded: this program's Lua is built without modules in C"
run() { cd "$work" && cp "$program" bam.lua && bam; }
