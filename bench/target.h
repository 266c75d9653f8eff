// Declares bench/target.c for the hand-written binding; bench/rows_ffi.lua has the same text for cdef.
#pragma once
#include <stdint.h>

struct record {
  int64_t a;
  int b;
  double c;
};
struct vec2 {
  double x, y;
};
struct outer {
  int id;
  struct vec2 pos;
};
struct node {
  struct node* next;
  int value;
};
struct counter;

void target_void(void);
int target_add(int a, int b);
double target_addd(double a, double b);
int64_t target_add64(int64_t a, int64_t b);
int target_sum8(int a, int b, int c, int d, int e, int f, int g, int h);
double target_record(const struct record* r);
struct vec2 target_vec2(struct vec2 a, struct vec2 b);
int target_loop(int (*callback)(int), int n);
int target_once(int (*callback)(int), int i);
struct counter* counter_new(void);
int counter_add(struct counter* c, int n);
void counter_free(struct counter* c);
