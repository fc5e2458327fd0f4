// Eigen, with the storage order of kiln's tensors.
#pragma once
#include "../side_by_side.hpp"

#include <Eigen/Core>

using matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using row_vector = Eigen::Matrix<float, 1, Eigen::Dynamic>;
using column_vector = Eigen::Matrix<float, Eigen::Dynamic, 1>;

/// A copy for Eigen.
template <class X>
matrix as_matrix(const X& x, Eigen::Index rows, Eigen::Index columns) {
    return Eigen::Map<const matrix>(x.data(), rows, columns);
}
