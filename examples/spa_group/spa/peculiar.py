"""What is out of the ordinary, and in which pod, group and table; README.md lists the same."""

from .columns import SHARED, VOID_NO, VOID_YES
from .plan import FilePlan, changes_of, log_id
from .pods import FIRST, MAIN_ORGANIZATION, TINY
from .rows import Block
from .spoil import Spoiler

TWIN = 80_000_000  # one form id in two organizations
NO_ORGANIZATION = 81_000_000  # an invoice item without an organization

# (table, pod, group): no folder of that table there.
MISSING = {("bi_dimloyaltypointprograms", 0, 2), ("bi_factgiftcardredemption", 1, 3),
           ("bi_dimcenter", 0, 5), ("bi_dimappointmentcategories", 1, 1), ("bi_dimappointmentcategories", 1, 2)}
ONLY_FIRST_AND = {"bi_dimdiscount": (4,)}


def is_missing(table, pod, index):
    if table.name in ONLY_FIRST_AND and index != FIRST:
        return index not in ONLY_FIRST_AND[table.name]
    return (table.name, pod.index, index) in MISSING


def _shared_keys(table, pod, index, plans):
    """Keys that both pods have: what one pod does to them leaves the other's row alone."""
    put = {"organizationid": MAIN_ORGANIZATION}
    if table.name in ("bi_factforms", "bi_factappointment", "bi_dimusermembership"):
        if index == FIRST:
            plans[0].blocks.append(Block(range(SHARED, SHARED + 5), 0, VOID_NO, put))
        elif (pod.index, index) == (0, 1):
            plans[1].blocks.append(Block([SHARED], 0, VOID_YES, put))
        elif (pod.index, index) == (1, 2):
            plans[0].blocks += [Block([SHARED + 1], 0, VOID_YES, put), Block([SHARED + 1], index, VOID_NO, put)]
    elif table.name == "bi_dimuser":
        if index == FIRST:
            plans[-1].blocks.append(Block(range(SHARED, SHARED + 3), put=put))
        elif (pod.index, index) == (1, 2):
            plans[0].blocks.append(Block([SHARED], index, put=put))
    elif table.name in ("bi_dimitems", "bi_dimcampaign") and index == FIRST:
        # Organization-level: the same row in both pods is one row.
        plans[0].blocks.append(Block(range(SHARED, SHARED + 2), put=put))


def _organizations(table, pod, index, plans):
    if table.name == "bi_factforms":
        main, own = ({"organizationid": o} for o in (MAIN_ORGANIZATION, pod.organizations[-1]))
        if index == FIRST:
            plans[-1].blocks += [Block([TWIN, TWIN + 1], 0, VOID_NO, main), Block([TWIN, TWIN + 1], 0, VOID_NO, own)]
        elif index == 3:
            plans[0].blocks.append(Block([TWIN], 0, VOID_YES, own))
    elif table.name == "bi_factinvoiceitem":
        none = {"organizationid": ""}
        if index == FIRST:
            plans[0].blocks.append(Block([NO_ORGANIZATION, NO_ORGANIZATION + 1], 0, VOID_NO, none))
        elif index == 2:
            plans[1].blocks += [Block([NO_ORGANIZATION], 0, VOID_YES, none),
                                Block([NO_ORGANIZATION + 1], 0, VOID_YES)]  # another organization: no match


def _new_addresses(table, pod, index, plans):
    """Versions from 40 on: a guest with a new e-mail address."""
    if table.name == "bi_dimuser" and index in (2, 4):
        plans[-1].blocks.append(Block([pod.sizes[table.name] // 2], 40 + index))


def _bad_rows(table, pod, index, plans, columns):
    spoiler = Spoiler(pod, table, columns, 1000 * index)
    at = (table.name, pod.index, index)
    if at == ("bi_factforms", 0, FIRST):
        plans[0].bad += spoiler.all_wrong_values()
        plans[1].bad += [spoiler.wrong_key("10000000000000000000"), spoiler.wrong_key("12.5"), spoiler.wrong_void(),
                         spoiler.null_key(), spoiler.null_key(quoted=True), spoiler.null_void(),
                         spoiler.too_many(), spoiler.too_few(), spoiler.not_utf8()]
    elif at == ("bi_factinvoiceitem", 1, FIRST):
        plans[1].bad += spoiler.all_wrong_values() + [spoiler.too_few(), spoiler.not_utf8()]
    elif at == ("bi_factcollections", 0, FIRST):
        plans[1].bad += [spoiler.wrong_key("9223372036854775808"), spoiler.wrong_value("FLOAT"), spoiler.null_void()]
    elif table.name == "bi_dimuser" and index == FIRST:
        plans[1].bad += [spoiler.wrong_value("INT", "12.7"), spoiler.wrong_value("TIMESTAMP", "2023-13-45"),
                         spoiler.wrong_value("BOOLEAN", "maybe"), spoiler.wrong_value("DECIMAL(19,0)", "7e5"),
                         spoiler.too_many(), spoiler.too_few(), spoiler.not_utf8(), spoiler.null_key()]
    elif at == ("bi_factforms", 0, 1):
        plans[0].header, plans[0].bad = None, [spoiler.two_wrong_values()]
        plans[1].bad_first.append(spoiler.wrong_value("INT", "12.7"))
    elif at == ("bi_factforms", 0, 4):
        plans[1].bad.append(spoiler.marker(16))
    elif table.name in ("bi_factforms", "bi_factappointment") and 0 < index < TINY:
        plans[index % 2].bad += [spoiler.wrong_value("TIMESTAMP"), spoiler.wrong_value("INT")]
        plans[2].bad.append(spoiler.null_void())
    elif table.name == "bi_dimuser" and index in (1, 3, 5):
        plans[0].bad += [spoiler.wrong_value("BOOLEAN"), spoiler.too_few()]
    elif at == ("bi_factemployeeschedule", 1, 2):
        plans[0].bad.append(spoiler.wrong_value("DATE"))
    elif at == ("bi_factfeedbackv2", 0, 2):
        plans[0].bad.append(spoiler.null_key())


def _odd_files(table, pod, index, plans):
    at = (table.name, pod.index, index)
    if at in (("bi_dimuser", 0, FIRST), ("bi_dimcenter", 1, FIRST)):
        plans[-1].bom = True
        plans[-1].header = "shuffled" if pod.index == 0 else None
    if at in (("bi_factcollections", 0, 1), ("bi_factgiftcardredemption", 0, FIRST)):
        plans.append(FilePlan(log_id(pod.index, index, 4), 1, [], empty=True))
    if at in (("bi_dimitems", 1, 2), ("bi_factforms", 1, 1)):
        plans.append(FilePlan(log_id(pod.index, index, 4), 1, [], header="schema", header_only=True, eol="\r\n"))


def _tiny(table, pod, index, plans):
    """The group that a volume gate holds: two forms where some thirty are usual."""
    if (table.name, pod.index, index) != ("bi_factforms", 0, TINY):
        return plans
    c = changes_of(pod, table, index)
    return [FilePlan(log_id(pod.index, index, 0), 1, [Block(c.new[:1], 0, VOID_NO), Block(c.deleted[:1], 0, VOID_YES)])]


def add(table, pod, index, plans, columns):
    _shared_keys(table, pod, index, plans)
    _organizations(table, pod, index, plans)
    _new_addresses(table, pod, index, plans)
    _bad_rows(table, pod, index, plans, columns)
    _odd_files(table, pod, index, plans)
    return _tiny(table, pod, index, plans)
