"""Names of the drop: tables, their kind, the order of numbers in names."""

import re

# The list in the vendor's document of what belongs to the organization and not to a center.
ORGANIZATION_TABLES = frozenset("""
bi_factfeedbackv2 bi_factitemcommissiondeductions bi_dimagent bi_dimappointmentcategories bi_dimcampaign
bi_dimcategoryproducts bi_dimcategoryservices bi_dimcustomforms bi_dimdiscount bi_dimdonations
bi_dimemployeebreakcategories bi_dimemployeeschedulestatus bi_dimfactchanges bi_dimgiftcard
bi_dimissuecategories bi_dimissuesource bi_dimissuesubcategories bi_dimissuetreatment bi_dimitems
bi_dimloyaltypointprograms""".split())
INSERT_ONLY = frozenset(["bi_factfeedbackv2", "bi_factitemcommissiondeductions"])


def canonical_table(name):
    """Folder, schema file and DDL name of one table, without regard to case and the suffix _s3."""
    name = name.lower()
    return name[:-3] if name.endswith("_s3") else name


def mode_of(table):
    if table in INSERT_ONLY:
        return "insert-only"
    if table.startswith("bi_fact") or table == "bi_dimusermembership":
        return "delete-insert"
    return "update-insert"


def natural(name):
    """Sort key in which Release_9 comes before Release_10."""
    return [(0, int(part), "") if part.isdigit() else (1, 0, part.lower())
            for part in re.split(r"(\d+)", name) if part]
