// SPDX-License-Identifier: Apache-2.0
#include "envelope/context.h"

namespace sealane::envelope {}
