"""The two tables whose columns the vendor's document gives in full, in its order and spelling."""

from . import words
from .columns import (BLANK, FALSE_MOSTLY, PAST, RECENT, TRUE_MOSTLY, VISITS, BIRTHDAYS, Column, const, guid,
                      key_guid, key_number, number, offset_of, pick, pick_of, sparse)

_quoted = [words.quote(a) for a in words.FORM_ANSWERS]
_answers = _quoted * 3 + ['""', "", ""]
_fields = [words.quote(f) for f in words.FORM_FIELDS]
_scores = ["7", "7.5", "0.1", "1e3", "1.25E-2", "-3", "12345678.875", "2.5e+2", ".5", "3.0", "100"] * 9 + [
    "1.7976931348623157e308", "5e-324", "0.30000000000000004"]
_sources = ["Webstore", "Kiosk", "App", "Center"] * 60 + [
    "A source name that is much longer than the sixty-four characters its column declares",
    "ü" * 40]  # 40 characters, 80 bytes: too long only where bytes are counted

FACT_FORMS = [
    Column("FormId", "VARCHAR(36)", pick_of("formid", "form_ids")),
    Column("factformid", "DECIMAL(19,0)", key_number(4_000_000_000)),
    Column("GuestId", "VARCHAR(36)", pick_of("guest", "user_ids")),
    Column("TherapistId", "VARCHAR(36)", pick_of("therapist", "employee_ids")),
    Column("ReviewedBy", "VARCHAR(36)", sparse(pick_of("reviewer", "employee_ids"), 3)),
    Column("AppointmentId", "VARCHAR(36)", pick_of("formappt", "appointment_ids")),
    Column("CenterId", "VARCHAR(36)", pick_of("formcenter", "center_ids")),
    Column("Serviceid", "VARCHAR(36)", pick_of("formservice", "item_ids")),
    Column("ReviewedOn", "TIMESTAMP", sparse(pick("reviewed", RECENT, True), 3)),
    Column("Submitteddate", "TIMESTAMP", pick("submitted", VISITS)),
    Column("Startdate", "TIMESTAMP", pick("started", VISITS)),
    Column("Isformsubmitted", "INT", pick("issubmitted", ["1", "1", "1", "0"], True)),
    Column("Formtype", "INT", pick("formtype", ["1", "2", "3", "+2", "-1", "007", "2147483647"])),
    Column("Formsource", "VARCHAR(64)", pick("formsource", _sources)),
    Column("Fieldname", "VARCHAR(65535)", pick("fieldname", _fields)),
    Column("Value1", "FLOAT", sparse(pick("value1", _scores, True), 2)),
    Column("Value2", "TIMESTAMP", sparse(pick("value2", VISITS), 4)),
    Column("Value3", "BOOLEAN", sparse(pick("value3", TRUE_MOSTLY), 2, 1)),
    Column("Value4", "VARCHAR(65535)", pick("value4", _answers, True)),
    Column("DataTypeDesc", "VARCHAR(144)", pick("datatype", ["Text", "Number", "Date", "Yes/No"])),
    Column("Pointer", "INT", number("pointer", 0, 40)),
    Column("FormVoided", "BOOLEAN", pick("formvoided", FALSE_MOSTLY)),
    Column("void", "BOOLEAN", BLANK),  # the block says it
    Column("ReviewNeeded", "BOOLEAN", pick("reviewneeded", FALSE_MOSTLY, True)),
    Column("FormAppointmentStatus", "INT", pick("formstatus", words.APPOINTMENT_STATUS)),
    Column("AppointmentNoShowOrCancel", "INT", pick("noshow", ["0"] * 12 + ["1", "2", ""])),
    Column("isappointmentvoided", "BOOLEAN", pick("apptvoided", FALSE_MOSTLY)),
    Column("formexpirydate", "TIMESTAMP", sparse(pick("expiry", ["2099-12-31 00:00:00", "9999-12-31"]), 9)),
    Column("LastUpdatedDate", "TIMESTAMP", pick("formupdated", RECENT, True)),
    Column("ETLCreatedDate", "TIMESTAMP", pick("formetl", RECENT, True)),
    Column("PodName", "VARCHAR(20)", pick_of("pod", "pod_names")),
    Column("OrganizationId", "VARCHAR(36)", pick_of("org", "organizations")),
    Column("IsV3Form", "BOOLEAN", pick("isv3", TRUE_MOSTLY)),
]

_FIRST = [words.quote(n) for n in words.FIRST_NAMES]
_LAST = [words.quote(n) for n in words.LAST_NAMES]


def _mail_name(text):
    plain = "".join(c for c in text.lower() if "a" <= c <= "z")
    return plain or "guest"


_MAIL = [_mail_name(n) for n in words.FIRST_NAMES]
_first_at = pick("firstname", range(len(_FIRST)))


def _emails(ctx, ks, version):
    """Made from name and number; now and then upper case, blank, shared by two guests, not valid."""
    base = offset_of(ctx, ks)
    out = []
    for k, first in zip(ks, _first_at(ctx, ks, version)):
        n = base + k
        kind = n % 97
        if version >= 40:
            n, kind = n + 1_000_000_000, 0  # the guest has a new address
        if kind in (11, 52, 71):
            out.append("")
            continue
        if kind == 29 and k > 0:
            n -= 1  # a couple with one address: see the kind just below
            first = _first_at(ctx, [k - 1], version)[0]
        mail = f"{_MAIL[first]}.{n}@{words.DOMAINS[n % 5]}"
        if kind % 8 == 3:
            mail = mail.upper() if kind % 16 == 3 else mail.title()
        elif kind == 60 and n % 2 == 0:
            mail = mail.replace("@", " at ")
        out.append(mail)
    return out


def _phones(name, every):
    return sparse(number(name, 2_010_000_000, 9_899_999_999), every)


_centers = pick_of("usercenter", "center_ids")
_codes = ["US", "US", "US", "CA", "GB", "DE", "PL"]
_countries = ["United States", "United States", "United States", "Canada", "United Kingdom", "Germany", "Poland"]
_states = ["Texas", "New York", "Ontario", "Florida", "Oregon", "England", "Bayern"]
_shorts = ["TX", "NY", "ON", "FL", "OR", "ENG", "BY"]
_addresses = [f"{n} {street}" for n in range(1, 400, 7) for street in words.STREETS]
_zips = [f"{n:05d}" for n in range(501, 99000, 401)]  # leading zeros: text, not numbers

DIM_USER = [
    Column("userid", "NVARCHAR(144)", key_guid("user")),
    Column("firstname", "NVARCHAR(160)", pick("firstname", _FIRST)),
    Column("lastname", "NVARCHAR(256)", pick("lastname", _LAST)),
    Column("middlename", "NVARCHAR(128)", sparse(pick("middlename", _FIRST), 7)),
    Column("address1", "NVARCHAR(2048)", pick("address1", [words.quote(a) for a in _addresses], True)),
    Column("address2", "NVARCHAR(2048)", sparse(pick("address2", ["Apt 4", "Suite 200", '""']), 5)),
    Column("city", "NVARCHAR(128)", pick("city", [words.quote(c) for c in words.CITIES], True)),
    Column("StateOther", "NVARCHAR(128)", sparse(pick("stateother", _states), 11)),
    Column("ZipCode", "NVARCHAR(128)", pick("zip", _zips, True)),
    Column("UserTypeID", "VARCHAR(36)", pick("usertypeid", [guid("usertype", n) for n in (0, 0, 0, 0, 0, 0, 0, 1)])),
    Column("UserTypeName", "NVARCHAR(128)", pick("usertypeid", words.USER_TYPES)),
    Column("CreationDt", "TIMESTAMP", pick("created", PAST)),
    Column("CenterID", "VARCHAR(36)", _centers),
    Column("Email", "NVARCHAR(256)", _emails),
    Column("homephone", "NVARCHAR(64)", _phones("homephone", 6)),
    Column("mobilephone", "NVARCHAR(64)", _phones("mobilephone", 1)),
    Column("workphone", "NVARCHAR(64)", _phones("workphone", 19)),
    Column("username", "NVARCHAR(256)", BLANK),
    Column("usercode", "NVARCHAR(512)", number("usercode", 1000, 999999)),
    Column("lastlogin", "TIMESTAMP", sparse(pick("lastlogin", RECENT, True), 2)),
    Column("gender", "INT", pick("gender", ["0", "1", "2", "1", "0", "-1", ""])),
    Column("dob", "TIMESTAMP", sparse(pick("dob", BIRTHDAYS), 2)),
    Column("preferredTherapist", "VARCHAR(36)", sparse(pick_of("prefther", "employee_ids"), 4)),
    Column("preferredRoom", "VARCHAR(36)", BLANK),
    Column("otherpreferences", "NVARCHAR(65535)",
           sparse(pick("otherpref", [words.quote(n) for n in words.NOTES], True), 4)),
    Column("referralsourceid", "VARCHAR(36)", BLANK),
    Column("roomno", "NVARCHAR(80)", BLANK),
    Column("referredby", "VARCHAR(36)", sparse(pick_of("referredby", "user_ids"), 25)),
    Column("anniversarydate", "TIMESTAMP", sparse(pick("anniversary", BIRTHDAYS), 13)),
    Column("PreferedCenerId", "VARCHAR(36)", _centers),  # the vendor's spelling
    Column("registrationsource", "INT", pick("regsource", ["0", "1", "2", "3", "13"])),
    Column("customerapplogin", "INT", pick("applogin", ["0", "1", ""])),
    Column("mobilecountrydname", "NVARCHAR(4096)", pick("country", _countries)),
    Column("mobilecountrysname", "NVARCHAR(4096)", pick("country", _codes)),
    Column("stateDispName", "NVARCHAR(4096)", pick("state", _states)),
    Column("stateShortName", "NVARCHAR(4096)", pick("state", _shorts)),
    Column("statecode", "NVARCHAR(40)", pick("state", _shorts)),
    Column("CountryDName", "NVARCHAR(4096)", pick("country", _countries)),
    Column("CountrySName", "NVARCHAR(4096)", pick("country", _codes)),
    Column("ReceiveTransactionalSMS", "BOOLEAN", pick("trsms", TRUE_MOSTLY)),
    Column("ReceiveMarketingSMS", "BOOLEAN", pick("mksms", TRUE_MOSTLY, True)),
    Column("UserPK", "DECIMAL(19,0)", key_number(700_000)),
    Column("UnSubscribeToTransactionalEmail", "BOOLEAN", pick("untr", FALSE_MOSTLY)),
    Column("UnSubscribeToMarketingEmail", "BOOLEAN", pick("unmk", FALSE_MOSTLY)),
    Column("PasswordUpdatedOn", "TIMESTAMP", BLANK),
    Column("ReceiveTransactionalEMail", "BOOLEAN", pick("trmail", TRUE_MOSTLY)),
    Column("ReceiveMarketingEMail", "BOOLEAN", pick("mkmail", TRUE_MOSTLY)),
    Column("AcceptedTAndC", "INT", pick("tandc", ["1", "0", ""])),
    Column("NationalityFK", "INT", sparse(number("nationality", 1, 240), 10)),
    Column("DOB_IncompleteYear", "NVARCHAR(20)", sparse(pick("dobincomplete", ["07-04", "12-31", "02-29"]), 30)),
    Column("organizationid", "VARCHAR(36)", pick_of("org", "organizations")),
    Column("Void", "BOOLEAN", pick("uservoid", ["0"] * 60 + ["1", "true"])),  # data: a dimension deletes nothing
    Column("employeetags", "VARCHAR(MAX)", BLANK),
    Column("usertags", "VARCHAR(MAX)", sparse(pick("usertags", [words.quote(t) for t in words.TAGS], True), 3)),
    Column("JobName", "NVARCHAR(1020)", BLANK),
    Column("JobCode", "NVARCHAR(8000)", BLANK),
    Column("GuestReferralSource", "NVARCHAR(1600)", sparse(pick("referral", words.REFERRALS), 2)),
    Column("EmailState", "INT", pick("emailstate", ["0", "1"])),
    Column("MandatoryBreakTimePerDay", "INT", BLANK),
    Column("PhoneCode", "INT", pick("phonecode", ["225", "225", "38", "224"])),
    Column("StartDate", "TIMESTAMP", BLANK),
    Column("LastDate", "TIMESTAMP", BLANK),
    Column("NoSaleComments", "VARCHAR(MAX)", BLANK),
    Column("AdditionalField1", "NVARCHAR(4096)", BLANK),
    Column("AdditionalField2", "NVARCHAR(4096)", const('""')),
    Column("EmployeeCode", "NVARCHAR(512)", BLANK),
    Column("RelationshipManager", "VARCHAR(36)", BLANK),
    Column("EtlLastUpdatedOn", "TIMESTAMP", pick("useretl", RECENT, True)),
    Column("EtlLastUpdatedBy", "NVARCHAR(512)", const("etl")),
    Column("Date1", "TIMESTAMP", BLANK),
    Column("Date2", "TIMESTAMP", BLANK),
    Column("PodName", "VARCHAR(20)", pick_of("pod", "pod_names")),
    Column("CTEtlLastUpdatedOn", "TIMESTAMP", BLANK),
]
