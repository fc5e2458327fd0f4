// Elementwise operations of float32: values, special values, gradients; the first half of the table.
#include "table_trial.hpp"

namespace kiln::testing {
namespace {

TEST_CASE("elementwise rows of float32, the first half", "[cpu][table]") {
    try_rows<part::elementwise, 0, 25, dtype::float32>();
    try_rows<part::elementwise, 25, 50, dtype::float32>();
    try_rows<part::elementwise, 50, 62, dtype::float32>();
}

}  // namespace
}  // namespace kiln::testing
