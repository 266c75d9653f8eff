// Part of the modules of a coverage build: tells the preloaded at_exit.c how their counts are written.
#include <stddef.h>

void __gcov_dump(void);
__attribute__((weak)) void coverage_at_exit(void (*dump)(void));

__attribute__((constructor)) static void tell(void) {
  if (coverage_at_exit != NULL) coverage_at_exit(__gcov_dump);
}
