// Preloaded where coverage is measured: a process that leaves by _exit writes its counts as one that ends does.
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <unistd.h>

static void (*dumps[16])(void);
static unsigned count;

void coverage_at_exit(void (*dump)(void)) {
  if (count < sizeof dumps / sizeof dumps[0]) dumps[count++] = dump;
}

void _exit(int status) {
  for (unsigned i = 0; i < count; ++i) dumps[i]();
  for (;;) syscall(SYS_exit_group, status);
}
