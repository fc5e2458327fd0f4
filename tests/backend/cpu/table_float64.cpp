// Elementwise operations of float64: values and special values.
#include "table_trial.hpp"

namespace kiln::testing {
namespace {

TEST_CASE("elementwise rows of float64", "[cpu][table]") {
    try_rows<part::elementwise, 0, 50, dtype::float64, 1, 0>();
    try_rows<part::elementwise, 50, 66, dtype::float64, 1, 0>();
    try_rows<part::elementwise, 66, 82, dtype::float64, 1, 0>();
    try_rows<part::elementwise, 82, 400, dtype::float64, 1, 0>();
}

}  // namespace
}  // namespace kiln::testing
