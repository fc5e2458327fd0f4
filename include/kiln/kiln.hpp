// kiln: symbolic tensor expressions whose graph lives in C++ types; the compiler differentiates, fuses and plans them.
#pragma once
#include <kiln/version.hpp>

#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"   // templates meet the user's symbols: a global `x` is no news to a parameter x
#endif
#include <kiln/core/print.hpp>
#include <kiln/nn/optimizers.hpp>
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif
