#pragma once

#include <grpc/byte_buffer_reader.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpc/support/alloc.h>
#include <grpc/support/log.h>
#include <grpc/support/time.h>

#include "base/lazy_function.h"

// The C functions of gRPC's core, each under its own name; the library is opened at the first call,
// so that nothing is paid for it where nobody asked for a gRPC port.
namespace millwright::grpc {

const SharedLibrary& GrpcCore();

#define MILLWRIGHT_GRPC(name) \
  inline constinit LazyFunction<decltype(&::name)> name(&GrpcCore, #name);

MILLWRIGHT_GRPC(gpr_free)
MILLWRIGHT_GRPC(gpr_inf_future)
MILLWRIGHT_GRPC(gpr_now)
MILLWRIGHT_GRPC(gpr_time_cmp)
MILLWRIGHT_GRPC(grpc_byte_buffer_destroy)
MILLWRIGHT_GRPC(grpc_byte_buffer_reader_destroy)
MILLWRIGHT_GRPC(grpc_byte_buffer_reader_init)
MILLWRIGHT_GRPC(grpc_byte_buffer_reader_readall)
MILLWRIGHT_GRPC(grpc_call_cancel)
MILLWRIGHT_GRPC(grpc_call_details_destroy)
MILLWRIGHT_GRPC(grpc_call_details_init)
MILLWRIGHT_GRPC(grpc_call_get_peer)
MILLWRIGHT_GRPC(grpc_call_start_batch)
MILLWRIGHT_GRPC(grpc_call_unref)
MILLWRIGHT_GRPC(grpc_completion_queue_create_for_next)
MILLWRIGHT_GRPC(grpc_completion_queue_destroy)
MILLWRIGHT_GRPC(grpc_completion_queue_next)
MILLWRIGHT_GRPC(grpc_completion_queue_shutdown)
MILLWRIGHT_GRPC(grpc_insecure_server_credentials_create)
MILLWRIGHT_GRPC(grpc_metadata_array_destroy)
MILLWRIGHT_GRPC(grpc_metadata_array_init)
MILLWRIGHT_GRPC(grpc_raw_byte_buffer_create)
MILLWRIGHT_GRPC(grpc_resource_quota_arg_vtable)
MILLWRIGHT_GRPC(grpc_resource_quota_create)
MILLWRIGHT_GRPC(grpc_resource_quota_resize)
MILLWRIGHT_GRPC(grpc_resource_quota_unref)
MILLWRIGHT_GRPC(grpc_server_add_http2_port)
MILLWRIGHT_GRPC(grpc_server_cancel_all_calls)
MILLWRIGHT_GRPC(grpc_server_create)
MILLWRIGHT_GRPC(grpc_server_credentials_release)
MILLWRIGHT_GRPC(grpc_server_destroy)
MILLWRIGHT_GRPC(grpc_server_register_completion_queue)
MILLWRIGHT_GRPC(grpc_server_register_method)
MILLWRIGHT_GRPC(grpc_server_request_call)
MILLWRIGHT_GRPC(grpc_server_request_registered_call)
MILLWRIGHT_GRPC(grpc_server_shutdown_and_notify)
MILLWRIGHT_GRPC(grpc_server_start)
MILLWRIGHT_GRPC(grpc_slice_from_copied_buffer)
MILLWRIGHT_GRPC(grpc_slice_new_with_user_data)
MILLWRIGHT_GRPC(grpc_slice_unref)

#undef MILLWRIGHT_GRPC

}  // namespace millwright::grpc
