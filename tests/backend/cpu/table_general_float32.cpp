// Reductions, views, contractions, generators, compositions of float32: values, special values, gradients.
#include "table_trial.hpp"

namespace kiln::testing {
namespace {

TEST_CASE("reductions of float32", "[cpu][table]") {
    try_rows<part::general, 82, 98, dtype::float32, 100>();
    try_rows<part::general, 98, 128, dtype::float32, 3>();
}
TEST_CASE("the other operations of float32", "[cpu][table]") {
    try_rows<part::general, 128, 142, dtype::float32, 4>();
    try_rows<part::general, 142, 145, dtype::float32, 100>();
    try_rows<part::general, 145, 400, dtype::float32, 3>();
}

}  // namespace
}  // namespace kiln::testing
