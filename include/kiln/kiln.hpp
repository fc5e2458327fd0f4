// kiln: symbolic tensor expressions whose graph lives in C++ types; the compiler differentiates, fuses and plans them.
#pragma once
#include <kiln/version.hpp>

#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"   // templates meet the user's symbols: a global `x` is no news to a parameter x
#endif
// One by one, in the order of the rooms: a compiler that says by which way it came to an error then needs one line for it.
#include <kiln/core/tensor.hpp>
#include <kiln/core/print.hpp>
#include <kiln/graph/builder.hpp>
#include <kiln/ops/op.hpp>
#include <kiln/ops/operand.hpp>
#include <kiln/ops/views.hpp>
#include <kiln/ops/slices.hpp>
#include <kiln/ops/reductions.hpp>
#include <kiln/ops/compositions.hpp>
#include <kiln/ops/convolution.hpp>
#include <kiln/ops/pooling.hpp>
#include <kiln/ops/random.hpp>
#include <kiln/expr/error.hpp>
#include <kiln/expr/expr.hpp>
#include <kiln/expr/trace.hpp>
#include <kiln/expr/symbols.hpp>
#include <kiln/expr/unnamed.hpp>
#include <kiln/expr/scope.hpp>
#include <kiln/expr/program.hpp>
#include <kiln/expr/derivatives.hpp>
#include <kiln/expr/print.hpp>
#include <kiln/run/session.hpp>
#include <kiln/run/function.hpp>
#include <kiln/run/eval.hpp>
#include <kiln/nn/layers.hpp>
#include <kiln/nn/optimizers.hpp>
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif
