// Lets asmjit's archive, which is not position-independent, into a shared object: the only symbol in it that would
// need that is the C library's `stderr`, so a hidden one is defined here (no header may be included). asmjit
// prints to it in debugging functions and failed assertions only, which the linker leaves out or which
// are disabled. Linked into modules alone, whose own code must not use stderr.
__attribute__((visibility("hidden"))) void* stderr;
