#pragma once
#include <kiln/backend/constant/number.hpp>
