// A program that was built for instructions which its machine does not have says so when it starts, instead of dying of the first
// of them. A translation unit that a program only enters where the machine can (docs/deploying.md) defines KILN_DISPATCHED.
#pragma once
#include <unistd.h>

namespace kiln::cpu {

/// Instruction sets, which make kernels of their own names.
struct sse2 {};
struct avx2 {};
struct avx512 {};
#if defined(__AVX512F__)
using default_arch = avx512;
#elif defined(__AVX__)
using default_arch = avx2;
#else
using default_arch = sse2;
#endif

/// Does an instruction on 64 bytes take as long as two on 32? So it does on Zen 4, the machines with AVX512-BF16 and without AVX-VNNI.
#if defined(__AVX512BF16__) && !defined(__AVXVNNI__)
constexpr bool halves_64_bytes = true;
#else
constexpr bool halves_64_bytes = false;
#endif

#ifndef KILN_DISPATCHED
/// Before other constructors, with instructions of the oldest machine, and of this translation unit alone: the linker keeps one of
/// equal functions, which could be that of a newer machine.
[[gnu::constructor(101), gnu::target("arch=x86-64")]] static void check_machine() {
    __builtin_cpu_init();
    const char* missing = nullptr;
#define KILN_NEEDS(set) \
    if (!missing && !__builtin_cpu_supports(set)) missing = set
#if defined(__SSE4_2__)
    KILN_NEEDS("sse4.2");
#endif
#if defined(__AVX__)
    KILN_NEEDS("avx");
#endif
#if defined(__AVX2__)
    KILN_NEEDS("avx2");
#endif
#if defined(__FMA__)
    KILN_NEEDS("fma");
#endif
#if defined(__BMI2__)
    KILN_NEEDS("bmi2");
#endif
#if defined(__AVX512F__)
    KILN_NEEDS("avx512f");
#endif
#if defined(__AVX512BW__)
    KILN_NEEDS("avx512bw");
#endif
#if defined(__AVX512DQ__)
    KILN_NEEDS("avx512dq");
#endif
#if defined(__AVX512VL__)
    KILN_NEEDS("avx512vl");
#endif
#if defined(__AVX512IFMA__)
    KILN_NEEDS("avx512ifma");
#endif
#if defined(__AVX512VBMI__)
    KILN_NEEDS("avx512vbmi");
#endif
#if defined(__AVX512VBMI2__)
    KILN_NEEDS("avx512vbmi2");
#endif
#if defined(__AVX512VNNI__)
    KILN_NEEDS("avx512vnni");
#endif
#if defined(__AVX512VPOPCNTDQ__)
    KILN_NEEDS("avx512vpopcntdq");
#endif
#undef KILN_NEEDS
    if (!missing) return;
    const char* const parts[]{"this program was built for a machine with ", missing,
                              ", which this one does not have: build it here, or without -march=native\n"};
    for (const char* text : parts)
        if (::write(2, text, __builtin_strlen(text)) < 0) break;
    ::_exit(1);
}
#endif

}  // namespace kiln::cpu
