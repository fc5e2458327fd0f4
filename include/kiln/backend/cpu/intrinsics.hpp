// The compiler's intrinsics. All of <immintrin.h> costs g++ as much time as a small program, as it switches the instruction set on
// and off again for each of those that it was not told to use: kiln reads the parts that it needs. A program that includes
// <immintrin.h> as well gets the rest there.
#pragma once
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"   // g++ 12's own intrinsics leave "undefined" vectors undefined
#endif
#if __GNUC__ == 12 && !defined(__clang__) && !defined(_IMMINTRIN_H_INCLUDED)   // the version that this was tried with
#define _IMMINTRIN_H_INCLUDED   // or the parts refuse
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
#include <avx512vlintrin.h>
#endif
#undef _IMMINTRIN_H_INCLUDED
#else
#include <immintrin.h>
#endif
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
