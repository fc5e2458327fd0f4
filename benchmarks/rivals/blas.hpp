// OpenBLAS on one thread.
#pragma once
#include "../side_by_side.hpp"

#if KILN_BENCH_OPENBLAS
#include <cblas-openblas.h>

inline const bool blas_has_one_thread = (openblas_set_num_threads(1), true);

/// c = op(a) op(b) of row-major matrices: c is m by n, op(a) m by k; `ta` and `tb` where a and b lie transposed.
inline void blas_product(long m, long n, long k, const float* a, bool ta, const float* b, bool tb, float* c) {
    cblas_sgemm(CblasRowMajor, ta ? CblasTrans : CblasNoTrans, tb ? CblasTrans : CblasNoTrans, static_cast<int>(m), static_cast<int>(n),
                static_cast<int>(k), 1.0f, a, static_cast<int>(ta ? m : k), b, static_cast<int>(tb ? k : n), 0.0f, c, static_cast<int>(n));
}
inline void blas_product(long m, long n, long k, const double* a, bool ta, const double* b, bool tb, double* c) {
    cblas_dgemm(CblasRowMajor, ta ? CblasTrans : CblasNoTrans, tb ? CblasTrans : CblasNoTrans, static_cast<int>(m), static_cast<int>(n),
                static_cast<int>(k), 1.0, a, static_cast<int>(ta ? m : k), b, static_cast<int>(tb ? k : n), 0.0, c, static_cast<int>(n));
}
#endif
