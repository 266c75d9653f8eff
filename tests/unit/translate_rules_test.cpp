// What becomes of each construct, per Lua: rows of (versions, text, result). What the results do is the specs'
// business.
#include "translate/translate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <span>

namespace ferry::translate {
namespace {

std::string result_of(std::string_view text, Dialect dialect) {
  Options options;
  options.dialect = dialect;
  const Result<Translation> r = translate(text, options);
  if (!r) return "error: " + r.message();
  if (!r->changed) return "=";
  std::string out = r->text;
  // Variables for what is used often stand between the two.
  constexpr std::string_view head = "local __ferry=... ", begin = "return function(...) ", tail = "\nend";
  if (r->needs_run_time) {
    EXPECT_EQ(out.substr(0, head.size()), head);
    EXPECT_EQ(out.substr(out.size() - tail.size()), tail);
    const size_t from = out.find(begin);
    EXPECT_TRUE(from == head.size() || out.substr(head.size(), 14) == "local __ferry_") << out;
    out = "F " + out.substr(from + begin.size(), out.size() - from - begin.size() - tail.size());
  }
  return out;
}

struct Row {
  Dialect first, last;  // the Luas it is for
  const char* text;
  const char* expected;  // "=": untouched; "F ...": with the run-time table
};

void check(std::span<const Row> rows) {
  for (const Row& row : rows) {
    for (Dialect d = row.first; d <= row.last; ++d) {
      EXPECT_EQ(result_of(row.text, d), row.expected) << "5." << d - 50 << ": " << row.text;
    }
  }
}

TEST(TranslateRules, Untouched) {
  const Row rows[] = {
      {51, 55, "", "="},
      {51, 55, "print('hello', 1, 0x1F, 1e5, .5)", "="},
      {51, 55, "\x1bLua binary", "="},
      {51, 55, "-- a == nil\n--[[ 1LL ]] --[==[ a == b ]==] local s = 'a == nil 1LL'", "="},
      {51, 55, "local n = 0; for i = 1, 10 do if i % 2 == 0 then n = n + 1 end if n == i then n = 0 end end", "="},
      {51, 55, "if 'a' == type(x) then end", "="},
      {51, 55, "local s = 'x' if s == nil then s = 'y' end", "="},
      {52, 55, "for i = 1, 3 do goto continue; ::continue:: end", "="},
      {52, 55, "return a < b, a >= 5", "="},
      {53, 55, "local s = '\\x41\\z  \\u{20ac}' return a // b, a & b | ~c >> 1", "="},
      {54, 55, "local x <const>, y <close> = 1, nil return 0xffffffffffffffff // 1", "="},
      {55, 55, "global x, y = 1, 2 global <const> * global function f() end", "="},
      {55, 55, "local function f(...args) return args.n end", "="},
  };
  check(rows);
}

TEST(TranslateRules, Numbers) {
  const Row rows[] = {
      {51, 55, "x = 1LL", "F x = __ferry[\"1LL\"]"},
      {51, 55, "x = 0xffULL + 1ull", "F x = __ferry[\"255ULL\"] + __ferry[\"1ULL\"]"},
      {51, 55, "x = 18446744073709551615ULL", "F x = __ferry[\"18446744073709551615ULL\"]"},
      {51, 55, "x = 2i y = 1.5I", "F x = __ferry[\"2i\"] y = __ferry[\"1.5i\"]"},
      {51, 55, "x = 0b101", "x = 5"},
      {51, 55, "x = 0b11LL", "F x = __ferry[\"3LL\"]"},
      {51, 51, "x = 0x1.8p-1", "x = 0.75"},
      {52, 55, "x = 0x1.8p-1", "="},
      {51, 51, "x = 0x1p99999", "x = 1e999"},
      {51, 51, "x = 0x10000000000000000", "x = 18446744073709551616.0"},
      {51, 51, "x = 0xffffffffffffffff", "x = 18446744073709551616.0"},
      {52, 52, "x = 0xffffffffffffffff", "="},
      {53, 55, "x = 0xffffffffffffffff", "x = 18446744073709551616.0"},
      {53, 55, "x = 9007199254740993", "x = 9007199254740992.0"},
      {53, 55, "x = 0xffffffffffffffff // 1", "="},
      {51, 55, "x = 1LL\n(f)()", "F x = __ferry[\"1LL\"];\n(f)()"},
      {51, 55, "x = 18446744073709551616ULL", "error: line 1: malformed number near '18446744073709551616ULL'"},
      {51, 55, "x = 1L", "error: line 1: malformed number near '1L'"},
      {51, 55, "x = 1.5LL", "error: line 1: malformed number near '1.5LL'"},
      {51, 55, "x = 3x", "error: line 1: malformed number near '3x'"},
  };
  check(rows);
}

// What no double holds is infinite, in LuaJIT as well.
TEST(TranslateRules, HugeNumbers) {
  const std::string huge(400, '9');
  for (const std::string& text : {"x = " + huge, "x = 0x" + huge, "x = 0b" + std::string(1100, '1')}) {
    for (Dialect d = 51; d <= 55; ++d) {
      const std::string result = result_of(text, d);
      EXPECT_TRUE(result == "x = 1e999" || result == "=") << d << ": " << result;
    }
  }
}

TEST(TranslateRules, Strings) {
  const Row rows[] = {
      {51, 51, "x = '\\x41b\\z  \n  c' y = 1", "x = '\\065bc'\n y = 1"},
      {51, 52, "x = '\\u{20ac}\\\\u{'", "x = '\\226\\130\\172\\\\u{'"},
      {51, 51, "x = '\\u{10ffff}\\u{7f}'", "x = '\\244\\143\\191\\191\\127'"},
      {51, 52, "x = '\\u{110000}'", "error: line 1: invalid escape sequence near ''\\u{110000}''"},
      {51, 51, "x = '\\xg1'", "error: line 1: invalid escape sequence near ''\\xg1''"},
      {51, 55, "x = 'abc", "error: line 1: unfinished string"},
      {51, 55, "x = [==[ abc ]=]", "error: line 1: unfinished long string"},
      {51, 55, "--[[ abc", "error: line 1: unfinished long comment"},
  };
  check(rows);
}

TEST(TranslateRules, Equality) {
  const Row rows[] = {
      {51, 55, "local a if f(a) then a = g() end return a == nil",
       "F local a if f(a) then a = g() end return (a == nil or __ferry_null==a)"},
      {51, 55, "local a = f() return a ~= nil, nil == a",
       "F local a = f() return (a ~= nil and __ferry_null~=a), (nil == a or __ferry.left.null==a)"},
      {51, 55, "local a = f() return a == -5, 'x' ~= a",
       "F local a = f() return (a == -5 or __ferry[-5]==a), ('x' ~= a and __ferry.left['=x']~=a)"},
      {51, 55, "local a, b = f() return a == b",
       "F local a, b = f() return (a == b or (__ferry_any==a or __ferry_any==b) and __ferry.eq_mixed(a,b))"},
      {51, 55, "local a = f() x = a == true", "F local a = f() x = __ferry_eq(a , true)"},
      {51, 55, "x = a == nil", "F x = __ferry_eq(a , nil)"},
      {51, 55, "x = f() == g() == h()", "F x = __ferry_eq(__ferry_eq(f() , g()) , h())"},
      {51, 52, "x = not a == b and c .. d ~= e", "F x = __ferry_eq(not a , b) and __ferry_ne(c .. d , e)"},
      {53, 55, "x = not a == b and c .. d ~= e",
       "F x = __ferry_eq(not a , b) and __ferry_ne(__ferry.text(c) .. __ferry.text(d) , e)"},
      // Operands of `..` that may be floats.
      {51, 52, "x = 'a' .. b .. 4 / 2 .. 5 .. 'c'", "="},
      {53, 55, "x = 'a' .. b .. 4 / 2 .. 5 .. 'c'", "F x = 'a' .. __ferry.text(b) .. __ferry.text(4 / 2) .. 5 .. 'c'"},
      {53, 55, "local s = 'a' x = s .. tostring(y) .. 1", "="},
      {51, 55, "x = y == 1\n(f)()", "F x = __ferry_eq(y , 1);\n(f)()"},
      {51, 55, "local n = 1 n = n + f() return n == 2", "F local n = 1 n = n + f() return (n == 2 or __ferry[2]==n)"},
      {51, 54, "for i = 1, 2 do i = f() return i ~= 1 end",
       "F for i = 1, 2 do i = f() return (i ~= 1 and __ferry[1]~=i) end"},
  };
  check(rows);
}

// Comparisons that a statement begins with.
TEST(TranslateRules, WordsDoNotMeet) {
  const Row rows[] = {
      {51, 55, "local a, b = f() return a and-a == b", "F local a, b = f() return a and __ferry_eq(-a , b)"},
      {51, 55, "local a, b = f() return a or#a ~= b", "F local a, b = f() return a or __ferry_ne(#a , b)"},
  };
  check(rows);
}

TEST(TranslateRules, InFront) {
  const Row rows[] = {
      {51, 55, "if f() == nil then g() end",
       "F do local __ferry_v= f() if (__ferry_v==nil or __ferry_null==__ferry_v) then g() end end"},
      {51, 55, "if not (t.a ~= 's' and b) or c then g() else h() end",
       "F do local __ferry_v= t.a if not ((__ferry_v~='s' and __ferry['=s']~=__ferry_v) and b) or c then g() else h() "
       "end end"},
      {51, 55, "if a then elseif f() == g() then h() elseif 1 ~= t.a then end",
       "F if a then else local __ferry_v= f()  local __ferry_w= g() if (__ferry_v==__ferry_w or "
       "(__ferry_any==__ferry_v or __ferry_any==__ferry_w) and __ferry.eq_mixed(__ferry_v,__ferry_w)) then h() else "
       "local __ferry_v= t.a if (1~=__ferry_v and "
       "__ferry.left[1]~=__ferry_v) then end end end"},
      {51, 55, "local x = f() if x == g() then end",
       "F local x = f() do local __ferry_v= g() if (x==__ferry_v or (__ferry_any==x or __ferry_any==__ferry_v) and "
       "__ferry.eq_mixed(x,__ferry_v)) then end end"},
      {51, 55, "local x = f() if g() == x then end",
       "F local x = f() do local __ferry_v= g() if (__ferry_v==x or (__ferry_any==__ferry_v or __ferry_any==x) and "
       "__ferry.eq_mixed(__ferry_v,x)) then end end"},
      {51, 55, "while t.a ~= nil or b do g() end",
       "F do local __ferry_null=__ferry_null while true do local __ferry_v= t.a if not((__ferry_v~=nil and "
       "__ferry_null~=__ferry_v) or b ) then break end g() end end"},
      {51, 55, "return t.a == nil, f()",
       "F local __ferry_v= t.a return (__ferry_v==nil or __ferry_null==__ferry_v), f()"},
      {51, 51, "while a.x == nil do if f() == nil then goto continue end g() ::continue:: end",
       "F do local __ferry_null=__ferry_null while true do local __ferry_v= a.x if not((__ferry_v==nil or "
       "__ferry_null==__ferry_v) ) then break end repeat "
       "do local __ferry_v= f() if (__ferry_v==nil or __ferry_null==__ferry_v) then do break end end end g()  until "
       "true "
       " end end"},
      {51, 55, "local x = f() == nil\n(g)()", "F local x = f() x=(x==nil or __ferry_null==x);\n(g)()"},
      {51, 55, "local y = f() local x = g() ~= y",
       "F local y = f() local x = g() x=(x~=y and (__ferry_any~=x and __ferry_any~=y or __ferry.ne_mixed(x,y)))"},
      {51, 55, "local x = f() local x = g() == x", "F local x = f() local x = __ferry_eq(g() , x)"},
      {51, 55, "local x = f() == nil and g()", "F local x = __ferry_eq(f() , nil) and g()"},
      {51, 55, "local x, y = f() == nil", "F local x, y = __ferry_eq(f() , nil)"},
      {51, 55, "local x = f() == nil, 1", "F local x = __ferry_eq(f() , nil), 1"},
      {54, 55, "local x <const> = f() == nil", "F local x <const> = __ferry_eq(f() , nil)"},
      // Something is evaluated before, or written around it; a line's end or a comment would be lost.
      {51, 55, "if a and f() == nil then end", "F if a and __ferry_eq(f() , nil) then end"},
      {51, 55, "if f(a == nil) then end", "F if f(__ferry_eq(a , nil)) then end"},
      {52, 55, "if (f() == nil):goto() then end", "F if __ferry.invoke((__ferry_eq(f() , nil)),\"goto\") then end"},
      {51, 51, "if (t.a ~= 0 and 1 or 0) + 1 > 1 then end",
       "F if __ferry.gt((__ferry_ne(t.a , 0) and 1 or 0) + 1 , 1) then end"},
      {52, 55, "if (t.a ~= 0 and 1 or 0) + 1 > 1 then end",
       "F do local __ferry_v= t.a if ((__ferry_v~=0 and __ferry[0]~=__ferry_v) and 1 or 0) + 1 > 1 then end end"},
      {53, 55, "if (f() == nil) .. a then end", "F if (__ferry_eq(f() , nil)) .. __ferry.text(a) then end"},
      {51, 55, "if a == nil == b then end",
       "F do local __ferry_v= __ferry_eq(a , nil)  local __ferry_w= b if (__ferry_v==__ferry_w or "
       "(__ferry_any==__ferry_v or __ferry_any==__ferry_w) and __ferry.eq_mixed(__ferry_v,__ferry_w)) then end end"},
      {51, 55, "if f() ==\nnil then end", "F if __ferry_eq(f() ,\nnil) then end"},
      {51, 55, "if ( -- why\nf() == nil) then end", "F if ( -- why\n__ferry_eq(f() , nil)) then end"},
      {51, 55, "local x = 1 if x == nil or t.a == nil then end",
       "F local x = 1 if x == nil or __ferry_eq(t.a , nil) then end"},
  };
  check(rows);
}

// What is needed at each round of a loop is a variable in front of the outermost one of the function.
TEST(TranslateRules, Loops) {
  const Row rows[] = {
      {51, 55, "local x = f() for i = 1, 2 do while g() do if x == nil then h() end end end",
       "F local x = f() do local __ferry_null=__ferry_null for i = 1, 2 do while g() do if (x == nil or "
       "__ferry_null==x) then h() end end end end"},
      {51, 55, "local x = f() repeat local y = f() until x == y",
       "F local x = f() do local __ferry_any=__ferry_any repeat local y = f() until (x == y or (__ferry_any==x or "
       "__ferry_any==y) and __ferry.eq_mixed(x,y)) end"},
      {51, 55, "while t.a ~= nil do local x = f() g(x == nil) end",
       "F do local __ferry_null=__ferry_null while true do local __ferry_v= t.a if not((__ferry_v~=nil and "
       "__ferry_null~=__ferry_v) ) then break end local x = f() g((x == nil or __ferry_null==x)) end end"},
      // That of the loop around it is an upvalue.
      {51, 55, "for k in f() do g(function(x) return x == nil end, k == nil) end",
       "F do local __ferry_null=__ferry_null for k in f() do g(function(x) return (x == nil or __ferry_null==x) end, "
       "(k == nil or __ferry_null==k)) end end"},
      {51, 55, "for k in f() do g(function(x) return x == nil end) end",
       "F for k in f() do g(function(x) return (x == nil or __ferry_null==x) end) end"},
      {51, 55, "for i = 1, 2 do g(f() == nil) end", "F for i = 1, 2 do g(__ferry_eq(f() , nil)) end"},
      {52, 55, "local x = f() for i = 1, 2 do if x ~= 5 then goto out end end ::out::",
       "F local x = f() for i = 1, 2 do if (x ~= 5 and __ferry[5]~=x) then goto out end end ::out::"},
  };
  check(rows);
  EXPECT_EQ(translate("return f(a == nil)", {})->text,
            "local __ferry=... local __ferry_eq=__ferry.eq return function(...) return f(__ferry_eq(a , nil))\nend");
}

// Where a function or a text is near one of Lua's limits, nothing is added to it.
TEST(TranslateRules, InFrontOfLimits) {
  std::string text = "local function f() local v0";
  for (int i = 1; i < 195; ++i) text += ",v" + std::to_string(i);
  text += " if g() == nil then end end return g() == nil";
  for (Dialect d = 51; d <= 55; ++d) {
    const std::string result = result_of(text, d);
    EXPECT_NE(result.find("if __ferry_eq(g() , nil) then end end local __ferry_v= g() return"), std::string::npos);
  }
  std::string deep, end;
  for (int i = 0; i < 150; ++i) deep += "do ", end += " end";
  EXPECT_EQ(result_of(deep + "if g() == nil then end" + end, 54),
            "F " + deep + "if __ferry_eq(g() , nil) then end" + end);
  std::string chain = "if a then";
  for (int i = 0; i < 300; ++i) chain += " elseif g() == nil then";
  chain = result_of(chain + " end", 54);
  EXPECT_NE(chain.find("elseif __ferry_eq(g() , nil)"), std::string::npos);
  EXPECT_NE(chain.find("else local __ferry_v= g() if"), std::string::npos);
}

TEST(TranslateRules, Upvalues) {
  std::string names = "v0", sum = "v0";
  for (int i = 1; i < 60; ++i) {
    names += ",v" + std::to_string(i);
    sum += "+v" + std::to_string(i);
  }
  const std::string text =
      "local " + names + " local function f() return function() return g() == nil," + sum + " end end";
  const std::string taken = "return function() local __ferry=(\"\").__ferry  local __ferry_v= g()";
  EXPECT_NE(result_of(text, 51).find("f() local __ferry=(\"\").__ferry  " + taken), std::string::npos);
  EXPECT_EQ(result_of(text, 52).find("(\"\")"), std::string::npos);
  // All of ours have room.
  const std::string fewer =
      "local " + names + " local function f() return g() == nil," + sum.substr(sum.find("v5+")) + " end";
  EXPECT_EQ(result_of(fewer, 51).find("(\"\")"), std::string::npos);
}

TEST(TranslateRules, Order) {
  const Row rows[] = {
      {51, 51, "return a < b, a <= b, a > b, a >= b",
       "F return __ferry.lt(a , b), __ferry.le(a , b), __ferry.gt(a , b), __ferry.ge(a , b)"},
      {51, 51, "for i = 1, 3 do if i < 2 then end end", "="},
  };
  check(rows);
}

TEST(TranslateRules, Names) {
  const Row rows[] = {
      {51, 51, "goto = 1 print(goto, t.goto) t:goto(1) function t:goto() end x = {goto = 1}", "="},
      {52, 55, "goto = t.goto", "_ENV[\"goto\"] = t[\"goto\"]"},
      {52, 55, "local goto = 1 return goto", "local __ferry_n_goto = 1 return __ferry_n_goto"},
      {52, 55, "x = {goto = 1, y}", "x = {[\"goto\"] = 1, y}"},
      {52, 55, "t:goto(1)", "F __ferry.invoke(t,\"goto\",1)"},
      {52, 55, "t.x:goto():goto 'y'", "F __ferry.invoke(__ferry.invoke(t.x,\"goto\"),\"goto\" ,'y')"},
      {52, 55, "function t:goto(a) end", " t[\"goto\"]=function(self,a) end"},
      {52, 55, "function t.goto() end", " t[\"goto\"]=function() end"},
      {52, 55, "function t.goto.x:m() end", " t[\"goto\"].x.m=function(self) end"},
      {52, 54, "global = 1", "="},
      {55, 55, "global = 1", "_ENV[\"global\"] = 1"},
      {51, 55, "local \xc3\xa9 = 1 return \xc3\xa9", "local __ferry_n__c3_a9 = 1 return __ferry_n__c3_a9"},
      {51, 55, "local c3\xa9, \xc3\xa9, _\xa9", "local __ferry_n_c3_a9, __ferry_n__c3_a9, __ferry_n____a9"},
      {51, 51, "\xc3\xa9 = 1", "F __ferry.env()[\"\xc3\xa9\"] = 1"},
      {51, 51, "function f(...) return arg[1] end", "F function f(...) return __ferry.env().arg[1] end"},
      {51, 51, "function f(arg, ...) return arg end", "function f(__ferry_n_arg, ...) return __ferry_n_arg end"},
      {51, 51, "function f(...) local arg = {...} return arg[1] end", "="},
      {51, 51, "print(arg[1])", "="},
      {51, 51, "print(arg[1], 1LL)", "F print(__ferry.env().arg[1], __ferry[\"1LL\"])"},
  };
  check(rows);
}

TEST(TranslateRules, Headers) {
  const Row rows[] = {
      {51, 55, "\xef\xbb\xbfreturn 1", "return 1"},
      {51, 55, "#!/usr/bin/luajit\nreturn 1", "--#!/usr/bin/luajit\nreturn 1"},
      {51, 55, "#!luajit", "--#!luajit"},
  };
  check(rows);
  Options options;
  EXPECT_EQ(translate("\xef\xbb\xbf#!x\nx = 1LL", options)->text,
            "--#!x\nlocal __ferry=... return function(...) x = __ferry[\"1LL\"]\nend");
  options.form = Form::program;
  EXPECT_EQ(translate("#!x\nx = 1LL", options)->text,
            "#!x\nlocal __ferry=require\"ferry.luajit\".run_time; x = __ferry[\"1LL\"]");
  EXPECT_FALSE(translate("#!x\nx = 1", options)->changed);
  // No call of what stands in front.
  EXPECT_EQ(translate("(f or g)(1LL)", options)->text,
            "local __ferry=require\"ferry.luajit\".run_time; (f or g)(__ferry[\"1LL\"])");
}

TEST(TranslateRules, LoopVariables) {
  const Row rows[] = {
      {51, 54, "for i = 1, 3 do i = i + 1 end", "="},
      {55, 55, "for i = 1, 3 do i = i + 1 end", "for i = 1, 3 do local i=i  i = i + 1 end"},
      {55, 55, "for k, v in p do v, k = k, 1 end", "for k, v in p do local k=k  v, k = k, 1 end"},
      {55, 55, "for k, v in p do v = 1 end", "="},
      {55, 55, "for k in p do local function f() k = 1 end end",
       "for k in p do local k=k  local function f() k = 1 end end"},
  };
  check(rows);
}

TEST(TranslateRules, Jumps) {
  const Row rows[] = {
      {51, 51, "while f() do if g() then goto continue end h() ::continue:: end",
       "while f() do repeat if g() then do break end end h()  until true  end"},
      {51, 51, "do local n = 0 ::top:: n = n + 1 if n < 3 then goto top end end",
       "do local n = 0  local __ferry_g1 repeat __ferry_g1=false repeat   n = n + 1 if n < 3 then "
       "do __ferry_g1=true break end end  until true until not __ferry_g1 end"},
      {51, 51, "::unused:: f()", "  f()"},
      {51, 51, "while true do f() break g() end", "while true do f() do break end g() end"},
      {51, 51, "while true do break g() end -- goto", "while true do do break end g() end -- goto"},
      {51, 51, "f();; ;g()", "f();   g()"},
      {51, 51, "goto x", "error: line 1: undefined label 'x'"},
      {51, 51, "do goto x local a ::x:: f(a) end", "error: line 1: <goto x> jumps into the scope of a local variable"},
  };
  check(rows);
}

// Without the label the statements would be a call.
TEST(TranslateRules, LabelsThatSeparate) {
  const Row rows[] = {
      {51, 51, "local x = f ::a:: (g)(1)", "local x = f   do end (g)(1)"},
      {51, 51, "::a:: (g)(1)", "  do end (g)(1)"},
      {51, 51, "local x = f ::a:: ; (g)(1)", "local x = f     do end (g)(1)"},
      {52, 55, "local x = f ::a:: (g)(1)", "="},
  };
  check(rows);
}

TEST(TranslateRules, RepeatedLabels) {
  const Row rows[] = {
      {54, 55, "do ::a:: do ::a:: if f() then goto a end do goto a end end goto a end",
       "do ::a:: do ::__ferry_l1:: if f() then goto __ferry_l1 end do goto __ferry_l1 end end goto a end"},
      {54, 55, "::a:: do goto a f() ::a:: end", "::a:: do goto __ferry_l1 f() ::__ferry_l1:: end"},
      {52, 53, "do ::a:: do ::a:: goto a end goto a end", "="},
      {54, 55, "do ::a:: goto a end ::a:: local function f() ::a:: goto a end goto a", "="},
      {54, 55, "::\xe4:: do goto \xe4 ::\xe4:: end", "::__ferry_n__e4:: do goto __ferry_l1 ::__ferry_l1:: end"},
      {54, 55, "do ::\xe4:: end goto \xe4 ::\xe4::", "do ::__ferry_n__e4:: end goto __ferry_n__e4 ::__ferry_n__e4::"},
      {52, 53, "::\xe4:: do goto \xe4 ::\xe4:: end", "::__ferry_n__e4:: do goto __ferry_n__e4 ::__ferry_n__e4:: end"},
      {54, 55, "do ::b:: goto b end ::a:: ::b:: goto a", "="},
  };
  check(rows);
}

// Every line stays where it is.
TEST(TranslateRules, LinesStay) {
  const char* text =
      "#!x\nlocal a = f()\nif a ==\nnil then x = 1LL\nend\nlocal s = '\\x41\\z\n\n  b'\nfor i = 1, 3 do\ni = 2\n"
      "if a then goto\n--[[\n]] continue end\n::continue::\nend\na.\n\xc3\xa4 = a:\n--\n\xc3\xb6(a)\n"
      "if a == 'x\\\ny' or f() ~= 'x\\\ny' then end ERROR()";
  for (Dialect d = 51; d <= 55; ++d) {
    Options options;
    options.dialect = d;
    const Result<Translation> r = translate(text, options);
    ASSERT_TRUE(r) << r.message();
    const auto line = [](std::string_view s) {
      return std::count(s.begin(), s.begin() + static_cast<long>(s.find("ERROR")), '\n');
    };
    EXPECT_EQ(line(r->text), line(text)) << d;
  }
}

TEST(TranslateRules, Hostile) {
  for (const char* unit : {"(", "{", "a=", "f(", "if a then ", "function f() ", "-", "not ", "a..", "[[",
                           "::a::", "goto a ", "repeat ", "local a <", "for i=1,2 do "}) {
    std::string text;
    while (text.size() < 200000) text += unit;
    for (Dialect d : {51, 55}) {
      Options options;
      options.dialect = d;
      (void)translate(text, options);
    }
  }
  // Comparisons of comparisons become calls within calls, more than Lua reads.
  for (const std::string unit : {"==b", "~=b", "<b", ">=b"}) {
    std::string chain = "return ((a";
    for (int i = 0; i < 300; ++i) chain += unit;
    const std::string half = chain + ")==a)";
    for (int i = 0; i < 300; ++i) chain += i == 0 ? ")==b)" : unit;
    Options options;
    options.dialect = 51;
    EXPECT_TRUE(translate(half, options));
    const std::string op = unit.substr(0, unit.size() - 1);
    EXPECT_EQ(translate(chain, options).message(), "line 1: too many syntax levels near '" + op + "'");
  }
  // Chains of variables against the order of the text.
  std::string text = "local v0";
  for (int i = 1; i < 190; ++i) text += ",v" + std::to_string(i);
  text += " while f() do ";
  for (int i = 1; i < 190; ++i) text += "v" + std::to_string(i - 1) + "=v" + std::to_string(i) + " ";
  text += "v189=g() end return v0 == nil";
  EXPECT_NE(result_of(text, 54).find("__ferry_null==v0"), std::string::npos);
}

}  // namespace
}  // namespace ferry::translate
