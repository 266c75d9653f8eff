// The table ferry.headers, of which lua/ferry/include.lua and cc.lua are made.
#pragma once

#include "lua/state/state.h"

namespace ferry::lua {

// Pushes the table:
//   target(triple), which raises where the triple is none that is known
//   preprocessor(defines, undefines, first_folders, folders, target) -> a preprocessor; lists of texts, or nil; a
//   triple, or nil, which is the host. Of a target it also has the types, which are no ctypes (state/foreign.h)
//   folders(preprocessor) -> list of the folders that <> looks into
//   declare(preprocessor, text, name, keep) -> the names that the text has declared; thousands, of which programs use
//   few; with `keep` also what declare_kept reads, or nil
//   declare_kept(preprocessor, path, key) -> the same of what is kept in the file: each declaration is read when it is
//   asked for; nil: nothing is kept there under that key, or something has changed
//   declares(preprocessor, names, name) -> "type" or "object", what it is if it is one of those; nil
//   declared(preprocessor, names) -> those as a list
//   dump(preprocessor, text, name) -> what the text comes to as text, and what that depends on (cpreproc/dump.h); or
//   nil and why not. The preprocessor is a new one, and of no further use
//   changed(files) -> the first path of such a list that has changed, or nil
//   macros(preprocessor) -> list of the names that texts have defined
//   macro(preprocessor, name) -> table of what is known of it, or nil
//   expression(preprocessor, text, ...) -> its tree, or nil and why not. `...`: what each `$` stands for, a ctype (a
//   value of it) or { ctype } (the type itself)
//   body(name) -> of a declared function with a body: { params = types, result = type, block = its tree }; or nil and
//   why not
//   evaluate(preprocessor, text) -> of one with a target: the constant or string that the text is, or its type where it
//   names one; or nil and why there is none
//   type_text(preprocessor, value) -> the C text of a type that this one has given; nil: the value is none
// A preprocessor of nil is that of ffi.cdef. Of files, for what is kept on disk:
//   stamp(path) -> what is another string as soon as the file is another one; nil: there is no such regular file
//   private_folder(path) -> true: it is there now, and only this user writes into it; or nil and why not
//   digest(text) -> 16 hexadecimal digits
void push_headers(lua_State* L, State* st);

}  // namespace ferry::lua
