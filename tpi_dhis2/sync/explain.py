"""The server's reasons in plain words, with what to do; its own code stays beside them."""

from __future__ import annotations

#: Codes of the tracker importer (2.40 to 2.43) that a partnership can meet.
WORDS = {
    "E1000": "this account may not enter data for that unit; give it the unit as a capture unit",
    "E1001": "this account may not write partnerships; put it into the group 'TPI - Data capture'",
    "E1003": "this account may not write this partnership; it belongs to a unit outside its reach",
    "E1015": "the partnership already has an open cycle; complete that one first",
    "E1016": "the partnership was enrolled before and the program takes it only once",
    "E1018": "a mandatory attribute is missing",
    "E1029": "the program is not assigned to that unit; run 'provision assign'",
    "E1030": "the record exists already",
    "E1039": "this form can be filled once in a cycle, and it already is",
    "E1041": "the program is not assigned to that unit; run 'provision assign'",
    "E1064": "another partnership has this value, which must be unique; pull, or give that 'uid' in the file",
    "E1077": "the text is longer than the 1200 characters an attribute takes",
    "E1081": "its cycle is not on the server",
    "E1082": "the record was deleted on the server and cannot be written again under its UID",
    "E1083": "the record is completed and this account may not change completed records",
    "E1091": "this account may not write this program; put it into the group 'TPI - Data capture'",
    "E1095": "this account may not write this form; put it into the group that may",
    "E1096": "this account may not read this program; put it into the group 'TPI - Data capture'",
    "E1102": "the partnership is owned by a unit outside this account's reach",
    "E1113": "the cycle was deleted on the server and cannot be written again under its UID",
    "E1114": "the partnership was deleted on the server and cannot be written again under its UID",
    "E1125": "a value is not one of the options of its field",
    "E1302": "a value does not fit the type of its field",
    "E1303": "a mandatory field is missing; only a complete form can be marked as completed",
    "E1304": "the server does not know a field; run 'provision plan'",
    "E1305": "a field does not belong to this form on the server; run 'provision plan'",
    "E1315": "a planned record can hold no values",
    "E1316": "the state cannot change in this way",
    "E5000": "what it belongs to was refused",
}


def explain(reasons: list[tuple[str, str]]) -> str:
    """One line for all reasons of one object, each once."""
    lines: list[str] = []
    for code, message in reasons:
        words = WORDS.get(code)
        line = f"{words} ({code}: {message.rstrip('.')})" if words else f"{message.rstrip('.')} ({code})"
        if line not in lines:
            lines.append(line)
    return "; ".join(lines)
