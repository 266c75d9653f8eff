// The C functions that the benchmark calls, by Ferry and by the hand-written binding alike.
#include "target.h"

#include <stdlib.h>

void target_void(void) {}
int target_add(int a, int b) {
  return a + b;
}
double target_addd(double a, double b) {
  return a + b;
}
int64_t target_add64(int64_t a, int64_t b) {
  return a + b;
}
int target_sum8(int a, int b, int c, int d, int e, int f, int g, int h) {
  return a + b + c + d + e + f + g + h;
}
double target_record(const struct record* r) {
  return r->c;
}

struct vec2 target_vec2(struct vec2 a, struct vec2 b) {
  struct vec2 sum = {a.x + b.x, a.y + b.y};
  return sum;
}

int target_loop(int (*callback)(int), int n) {
  int sum = 0;
  for (int i = 0; i < n; i++) sum += callback(i);
  return sum;
}

int target_once(int (*callback)(int), int i) {
  return callback(i);
}

struct counter {
  int total;
};
struct counter* counter_new(void) {
  return calloc(1, sizeof(struct counter));
}
int counter_add(struct counter* c, int n) {
  return c->total += n;
}
void counter_free(struct counter* c) {
  free(c);
}
