// Which identifiers are keywords of C, behind the preprocessor: there they are names like any other.
#pragma once

#include "cpreproc/token.h"

namespace ferry::cparse {

using cpreproc::kMaxShownToken;
using cpreproc::shown;
using cpreproc::Tok;
using cpreproc::Token;
using cpreproc::token_text;

// Makes a keyword of an identifier that is one.
void recognise_keyword(Token& token);

}  // namespace ferry::cparse
