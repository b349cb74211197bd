"""A log that says nothing: structlog's own default renders each traceback with all locals, which takes seconds."""

import structlog

from tipd.log import Log

SILENT: Log = structlog.wrap_logger(
    structlog.ReturnLogger(), processors=[lambda *_: ""], wrapper_class=structlog.make_filtering_bound_logger(0)
)
