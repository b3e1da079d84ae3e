"""The dimension tables. Where one has a column Void, it is data: a dimension deletes nothing."""

from . import words
from .columns import (FALSE_MOSTLY, PAST, TODAY, Column, const, key_guid, key_number, number, offset_of, pick,
                      pick_of, sparse)
from .table import ORG, POD, etl_column, make_table
from .tables_document import DIM_USER

_services = [words.quote(f"{brand} {service}") for service in words.SERVICES for brand in words.BRANDS]
_first = [words.quote(n) for n in words.FIRST_NAMES]
_last = [words.quote(n) for n in words.LAST_NAMES]
_cities = [words.quote(c) for c in words.CITIES]
_categories = ["Massage", "Face", "Nails", "\"Hair, Brow & Lash\"", "Body", "Retail", "Packages", "Medi-Spa"]
_campaigns = ["Mother's Day", "\"Summer, 20 % off\"", "Win back \"sleepers\"", "New Year ✨", "Refer a friend"]
for _i, _name in enumerate(_campaigns):
    if '"' in _name and not _name.startswith('"'):
        _campaigns[_i] = words.quote(_name)
_active = pick("active", ["1"] * 15 + ["true", "True", "0"], True)
_data_void = Column("Void", "BOOLEAN", pick("dimvoid", FALSE_MOSTLY))


def _hour(ctx, ks, version):
    """Row k of the time table: hour k // centers; the second column is the center's own clock."""
    return [f"{TODAY.isoformat()} {(k // len(ctx.center_ids)) % 24:02d}:00:00" for k in ks]


def _local_hour(ctx, ks, version):
    shift = 19 + version
    return [f"{TODAY.isoformat()}T{(k // len(ctx.center_ids) + shift) % 24:02d}:00:00" for k in ks]


def _hour_center(ctx, ks, version):
    return [ctx.center_ids[k % len(ctx.center_ids)] for k in ks]


def _named(name, folders, schema_file, ddl, key, ratio, least, columns, **more):
    return make_table(name, (*folders, schema_file, ddl), "dim", key, ratio, least, columns, **more)


DIMS = [
    _named("bi_dimuser", ("Bi_DimUser", "bi_dimuser"), "Bi_DimUser_s3", "Bi_DimUser",
           ["userid"], 0.3, 100, DIM_USER, files=3),
    _named("bi_dimcenter", ("Bi_DimCenter", "BI_DIMCENTER_S3"), "bi_dimcenter", "Bi_DimCenter",
           ["centerid"], 0, 6, [
        Column("CenterId", "VARCHAR(36)", key_guid("center")),
        Column("CenterName", "NVARCHAR(512)", pick("centername", _cities)),
        Column("CenterCode", "VARCHAR(20)", number("centercode", 100, 999)),
        Column("City", "NVARCHAR(128)", pick("centername", _cities)),
        Column("TimeZone", "VARCHAR(64)", pick("zone", ["America/Chicago", "America/New_York", "Europe/Warsaw"])),
        Column("OpenedOn", "DATE", pick("opened", [p[:10] for p in PAST if p[0] == "2"])),
        Column("IsActive", "BOOLEAN", _active),
        ORG, POD, etl_column("center"),
    ]),
    _named("bi_dimemployee", ("Bi_DimEmployee", "bi_dimemployee_s3"), "Bi_DimEmployee", "bi_dimemployee_s3",
           ["employeeid"], 0.005, 30, [
        Column("EmployeeId", "VARCHAR(36)", key_guid("employee")),
        Column("FirstName", "NVARCHAR(160)", pick("empfirst", _first)),
        Column("LastName", "NVARCHAR(256)", pick("emplast", _last)),
        Column("JobName", "NVARCHAR(16)", pick("job", words.JOBS, True)),  # "Massage Therapist" has 17 characters
        Column("HomeCenterId", "VARCHAR(36)", pick_of("empcenter", "center_ids", True)),
        Column("HourlyRate", "DECIMAL(9,2)", number("rate", 15, 60, 2, True)),
        Column("HiredOn", "DATE", pick("hired", [p[:10] for p in PAST if p[0] == "2"])),
        _data_void, ORG, POD, etl_column("employee"),
    ]),
    _named("bi_dimmembership", ("Bi_DimMembership", "Bi_DimMembership"), "Bi_DimMembership", "Bi_DimMembership",
           ["membershipid"], 0, 12, [
        Column("MembershipId", "VARCHAR(36)", key_guid("membership")),
        Column("MembershipName", "NVARCHAR(512)", pick("membershipname", words.BRANDS)),
        Column("MonthlyFee", "DECIMAL(19,4)", number("fee", 39, 199, 2, True)),
        Column("Terms", "VARCHAR(MAX)", pick("terms", [words.quote(n) for n in words.NOTES])),
        ORG, etl_column("membershipdim"),
    ]),
    _named("bi_dimutctocentertime", ("Bi_DimUtcToCenterTime", "bi_dimutctocentertime"), "bi_dimutctocentertime",
           "Bi_DimUtcToCenterTime", ["utctime", "centerid"], 0, 96, [
        Column("CenterId", "VARCHAR(36)", _hour_center),
        Column("UtcTime", "TIMESTAMP", _hour),
        Column("CenterTime", "TIMESTAMP", _local_hour),
    ]),
    _named("bi_dimitems", ("Bi_DimItems", "bi_dimitems"), "Bi_DimItems", "Bi_DimItems_s3",
           ["itemid"], 0.01, 60, [
        Column("ItemId", "VARCHAR(36)", key_guid("item")),
        Column("ItemPK", "DECIMAL(19,0)", key_number(9_000)),
        Column("ItemName", "NVARCHAR(512)", pick("itemname", _services)),
        Column("ItemCode", "NVARCHAR(64)", number("itemcode", 100, 99999)),
        Column("ListPrice", "DECIMAL(19,4)", number("listprice", 10, 400, 2, True)),
        Column("DurationMinutes", "INT", pick("itemduration", ["30", "50", "60", "80", "90", ""])),
        Column("IsActive", "BOOLEAN", _active),
        _data_void, ORG, etl_column("items"),
    ], organization=True, files=2),
    _named("bi_dimcategoryservices", ("Bi_DimCategoryServices", "bi_dimcategoryservices"), "Bi_DimCategoryServices",
           "Bi_DimCategoryServices", ["categoryserviceid"], 0, 20, [
        Column("CategoryServiceId", "VARCHAR(36)", key_guid("categoryservice")),
        Column("CategoryName", "NVARCHAR(256)", pick("categoryname", _categories, True)),
        Column("ItemId", "VARCHAR(36)", pick_of("catitem", "item_ids")),
        ORG,
    ], organization=True),
    _named("bi_dimgiftcard", ("Bi_DimGiftCard", "bi_dimgiftcard_S3"), "bi_dimgiftcard_s3", "Bi_DimGiftCard",
           ["giftcardid"], 0.02, 40, [
        Column("GiftCardId", "VARCHAR(36)", key_guid("giftcard")),
        Column("GiftCardNo", "DECIMAL(19,0)", key_number(6_000_000_000_000_000)),
        Column("Balance", "DECIMAL(19,4)", number("balance", 0, 200, 2, True)),
        Column("ExpiresOn", "DATE", sparse(pick("gcexpires", ["2026-12-31", "2030-01-01", "9999-12-31"]), 2)),
        Column("RecipientName", "NVARCHAR(256)", pick("recipient", _first, True)),
        ORG, etl_column("giftcard"),
    ], organization=True),
    _named("bi_dimcampaign", ("Bi_DimCampaign", "Bi_DimCampaign"), "Bi_DimCampaign", "Bi_DimCampaign",
           ["campaignid"], 0, 15, [
        Column("CampaignId", "VARCHAR(36)", key_guid("campaign")),
        Column("CampaignName", "NVARCHAR(1024)", pick("campaignname", _campaigns)),
        Column("StartedOn", "TIMESTAMP", pick("campaignstart", PAST)),
        Column("OpenRate", "FLOAT", number("openrate", 0, 1, 6, True)),
        ORG,
    ], organization=True),
    _named("bi_dimdiscount", ("Bi_DimDiscount", "bi_dimdiscount"), "bi_dimdiscount", "bi_dimdiscount",
           ["discountid"], 0, 15, [
        Column("DiscountId", "VARCHAR(36)", key_guid("discount")),
        Column("DiscountName", "NVARCHAR(256)", pick("discountname", ["10 %", "\"Staff, 30 %\"", "Senior", "Loyalty"])),
        Column("DiscountPercent", "DECIMAL(5,2)", number("percent", 1, 100, 1, True)),
        _data_void, ORG,
    ], organization=True),
    _named("bi_dimloyaltypointprograms", ("Bi_DimLoyaltyPointPrograms", "bi_dimloyaltypointprograms"),
           "Bi_DimLoyaltyPointPrograms", "Bi_DimLoyaltyPointPrograms", ["programid"], 0, 4, [
        Column("ProgramId", "INT", lambda ctx, ks, version: [str(offset_of(ctx, ks) + k) for k in ks]),
        Column("ProgramName", "NVARCHAR(256)", pick("programname", words.BRANDS)),
        Column("PointsPerUnit", "FLOAT", number("points", 1, 9, 3, True)),
        Column("Currency", "VARCHAR(3)", const("USD")),
    ], organization=True),
    _named("bi_dimappointmentcategories", ("Bi_DimAppointmentCategories", "bi_dimappointmentcategories"),
           "Bi_DimAppointmentCategories", "Bi_DimAppointmentCategories", ["categoryid"], 0, 8, [
        Column("CategoryId", "VARCHAR(36)", key_guid("apptcategory")),
        Column("CategoryName", "NVARCHAR(256)", pick("categoryname", _categories, True)),
        ORG,
    ], organization=True),
]
