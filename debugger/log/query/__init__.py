"""The query language: one for filter, search, highlight, stop condition and watch.

::

    component:tts_* and (severity >= warning or data.index > 3) -partial "mild today"
    message in (CHUNK_RESPONSE, TEXT_CHUNK) and not has data.reason
    state.queue.size > 10        data.duration_us > 20ms        duration > 20ms
    time >= 14:03:22.5           delta > 200ms                  turn = 2..4
    data.text ~ /weather|wind/i  writes:audio_output.*          data.items.0."odd key" = null

``not`` binds more than ``and``, ``and`` more than ``or``; what stands side by side is ``and``;
``&& || !`` and ``-`` (not) are the same in signs. A word that cannot be a field is text, looked for
in the whole line; quotes make text of anything. Case never matters, but in a regular expression
without ``i``.

===============  ==========================================  ==========================================
field            compares with                               passes
===============  ==========================================  ==========================================
names            a name, a glob (``*``, ``?``; in quotes     the name as a whole, whatever its case; a
                 they are themselves), ``""``                row without one: only ``""``
reads, writes    the same                                    one of the list is enough
turn, seq, row   whole numbers, ``2..4``                     a row without one: never. Rows count from 1
severity         its four words, in order                    a foreign one counts as info
time             ``14:03``, ``14:03:22.5``: on each day,     ``=`` means within what is written: the
                 local. ``2025-10-09T14:03``, with a zone    minute, the second, the digit. Order means
                 or local; seconds since the epoch           before or after its beginning
delta, lag       ``200ms``, ``10us..2ms``; ns us ms s m h    since the row before, since the cause; the
                                                             first row, or no known cause: never
duration         the same                                    ``data.duration_us``, if it is a number
data.… state.…   a number                                    numbers alone: ``true`` is none, nor ``"3"``
                 ``true false null``                         that very constant
                 a span of time                              numbers, where the key says the unit:
                                                             ``_ns _us _ms _s _seconds``
                 anything else, or in quotes                 strings, as names; ``""`` the empty one
                 ``~ /…/``                                   strings in which it is found
===============  ==========================================  ==========================================

``has`` asks whether a field is there; in the payload ``null`` is, elsewhere it is not. What is missing
compares false, and so does what has another type: ``x != 3`` is ``not (x = 3)`` and passes both.
An event whose line was evicted has neither text nor payload.

Regular expressions take time that grows with the length of the text, never more; for that, back
references and looking around are refused, and so is a pattern of more than 500 characters.

`parse` makes a tree (`nodes`), `plan` makes it ready, `columnar` and `lines` answer. What is above
knows `Query`, `QueryError`, `compile_query` and `complete`.
"""

from __future__ import annotations

from debugger.log.query.compiled import Query, compile_query
from debugger.log.query.complete import Completion, complete
from debugger.log.query.errors import QueryError

__all__ = ["Completion", "Query", "QueryError", "compile_query", "complete"]
