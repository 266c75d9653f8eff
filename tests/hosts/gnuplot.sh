# gnuplot; one of its terminals is a program in Lua.
packages=gnuplot-nox
command=gnuplot
run() { gnuplot -e "set terminal lua '$program'"; }
