#pragma once

#include <libpq-fe.h>

#include "base/lazy_function.h"

// libpq's functions, each under its own name; the library is opened at the first call, so that
// nothing is paid for it without PostgreSQL.
namespace millwright::storage {

const SharedLibrary& Pq();

#define MILLWRIGHT_PQ(name) inline constinit LazyFunction<decltype(&::name)> name(&Pq, #name);

MILLWRIGHT_PQ(PQclear)
MILLWRIGHT_PQ(PQcmdStatus)
MILLWRIGHT_PQ(PQcmdTuples)
MILLWRIGHT_PQ(PQconnectdbParams)
MILLWRIGHT_PQ(PQenterPipelineMode)
MILLWRIGHT_PQ(PQerrorMessage)
MILLWRIGHT_PQ(PQexec)
MILLWRIGHT_PQ(PQexecPrepared)
MILLWRIGHT_PQ(PQexitPipelineMode)
MILLWRIGHT_PQ(PQfinish)
MILLWRIGHT_PQ(PQfreemem)
MILLWRIGHT_PQ(PQftype)
MILLWRIGHT_PQ(PQgetResult)
MILLWRIGHT_PQ(PQgetisnull)
MILLWRIGHT_PQ(PQgetlength)
MILLWRIGHT_PQ(PQgetvalue)
MILLWRIGHT_PQ(PQnfields)
MILLWRIGHT_PQ(PQntuples)
MILLWRIGHT_PQ(PQpipelineSync)
MILLWRIGHT_PQ(PQprepare)
MILLWRIGHT_PQ(PQresultErrorField)
MILLWRIGHT_PQ(PQresultStatus)
MILLWRIGHT_PQ(PQsendQueryPrepared)
MILLWRIGHT_PQ(PQsetNoticeProcessor)
MILLWRIGHT_PQ(PQsetSingleRowMode)
MILLWRIGHT_PQ(PQstatus)
MILLWRIGHT_PQ(PQtransactionStatus)
MILLWRIGHT_PQ(PQunescapeBytea)

#undef MILLWRIGHT_PQ

}  // namespace millwright::storage
