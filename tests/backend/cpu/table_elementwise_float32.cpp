// Elementwise operations of float32: values, special values, gradients.
#include "table_trial.hpp"

namespace kiln::testing {
namespace {

TEST_CASE("elementwise rows of float32", "[cpu][table]") {
    try_rows<part::elementwise, 0, 20, dtype::float32>();
    try_rows<part::elementwise, 20, 50, dtype::float32>();
    try_rows<part::elementwise, 50, 64, dtype::float32>();
    try_rows<part::elementwise, 64, 75, dtype::float32>();
    try_rows<part::elementwise, 75, 95, dtype::float32>();
    try_rows<part::elementwise, 95, 400, dtype::float32>();
}

}  // namespace
}  // namespace kiln::testing
