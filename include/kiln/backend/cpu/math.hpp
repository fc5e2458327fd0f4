// Elementary functions of lanes, which operations find by argument-dependent lookup. They give the same bits on every
// instruction set, with every compiler and in every lane. docs/functions.md has their errors.
#pragma once
#include <kiln/backend/cpu/math/error_function.hpp>
#include <kiln/backend/cpu/math/exponential.hpp>
#include <kiln/backend/cpu/math/hyperbolic.hpp>
#include <kiln/backend/cpu/math/inverse_trigonometric.hpp>
#include <kiln/backend/cpu/math/logarithm.hpp>
#include <kiln/backend/cpu/math/logistic.hpp>
#include <kiln/backend/cpu/math/power.hpp>
#include <kiln/backend/cpu/math/rounding.hpp>
#include <kiln/backend/cpu/math/trigonometric.hpp>
