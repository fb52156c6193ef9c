// Every message between client, scheduler and workers. Sent as the index in the list of its receiver and the
// struct's members.
#pragma once

#include "protocol/to_scheduler.hpp"
#include "protocol/to_worker.hpp"
