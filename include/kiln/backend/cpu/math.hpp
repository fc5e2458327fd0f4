// Elementary functions of lanes, which operations find by argument-dependent lookup. Those of the first five headers are kiln's
// own: they give the same bits on every instruction set, with every compiler and in every lane. docs/functions.md has their errors.
#pragma once
#include <kiln/backend/cpu/math/error_function.hpp>
#include <kiln/backend/cpu/math/exponential.hpp>
#include <kiln/backend/cpu/math/logarithm.hpp>
#include <kiln/backend/cpu/math/power.hpp>
#include <kiln/backend/cpu/math/trigonometric.hpp>

#include <kiln/backend/cpu/math/borrowed.hpp>
