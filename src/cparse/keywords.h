// Which identifiers are keywords of C, behind the preprocessor: there they are names like any other.
#pragma once

#include "cpreproc/token.h"

namespace ferry::cparse {

using cpreproc::kMaxShownToken;
using cpreproc::shown;
using cpreproc::Tok;
using cpreproc::Token;
using cpreproc::token_text;

// Whether it is one of Microsoft's annotations (sal.h, and its older forms): `_In_`, `_Out_writes_`, `__deref_out_opt`.
// Names like that are reserved for implementations, so nobody else's types are called so.
bool annotation_word(std::string_view word);

// Makes a keyword of an identifier that is one.
void recognise_keyword(Token& token);

}  // namespace ferry::cparse
