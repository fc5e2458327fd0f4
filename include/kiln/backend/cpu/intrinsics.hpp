// The compiler's intrinsics. All of <immintrin.h> takes g++ as long as a small program, as it switches the instruction set on and
// off again for each of those that it was not told to use, and clang half as long: kiln reads the parts that it needs. A program
// that includes <immintrin.h> as well gets the rest there.
#pragma once
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"   // g++ 12's own intrinsics leave "undefined" vectors undefined
#endif
// the versions that this was tried with; without the macros the parts refuse
#if (defined(__clang__) && __clang_major__ == 19) || (!defined(__clang__) && __GNUC__ == 12)
#if !defined(_IMMINTRIN_H_INCLUDED) && !defined(__IMMINTRIN_H)
#define KILN_PARTS_OF_INTRINSICS
#endif
#endif
#ifdef KILN_PARTS_OF_INTRINSICS
#define _IMMINTRIN_H_INCLUDED
#define __IMMINTRIN_H
#include <smmintrin.h>
#ifdef __AVX__
#include <avxintrin.h>
#endif
#ifdef __AVX2__
#include <avx2intrin.h>
#endif
#ifdef __FMA__
#include <fmaintrin.h>
#endif
#ifdef __AVX512F__
#include <avx512fintrin.h>
#endif
#undef __IMMINTRIN_H
#undef _IMMINTRIN_H_INCLUDED
#undef KILN_PARTS_OF_INTRINSICS
#else
#include <immintrin.h>
#endif
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
