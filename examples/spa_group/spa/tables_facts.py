"""The fact tables: sales, visits, payments, memberships ... of all kinds that the rules tell apart."""

from . import words
from .columns import (DAYS, FALSE_MOSTLY, PAST, POD_STRIDE, TRUE_MOSTLY, VISITS, Column, guid, key_guid,
                      key_number, key_plain, number, pick, pick_of, sparse)
from .table import ORG, POD, VOID, Upgrade, etl_column, make_table
from .tables_document import FACT_FORMS

GUEST = pick_of("guest", "user_ids")
EXTRA = 60_000_000  # row numbers from here on belong to peculiarities, not to an increment


def _guest_of_visit(ctx, ks, version):
    """Who comes: one of the first load's guests, and in an increment the guests that it brings."""
    first = ctx.sizes["bi_factappointment"]
    if not ks or not first <= ks[0] < EXTRA:
        return GUEST(ctx, ks, version)
    visits, guests = ctx.growth["bi_factappointment"], ctx.growth["bi_dimuser"]
    base = ctx.pod_index * POD_STRIDE + ctx.sizes["bi_dimuser"]
    return [guid("user", base + (k - first) // visits * guests + (k - first) % visits % guests) for k in ks]


CENTER = pick_of("factcenter", "center_ids")
ITEM = pick_of("factitem", "item_ids")
EMPLOYEE = pick_of("therapist", "employee_ids")
SALE_DAY = pick("saleday", VISITS)
_notes = [words.quote(n) for n in words.NOTES]

FACTS = [
    make_table("bi_factforms", ("Bi_FactForms", "bi_factforms_s3", "Bi_FactForms", "Bi_FactForms"), "fact",
           ["factformid", "organizationid"], 1.0, 200, FACT_FORMS, files=3),
    make_table("bi_factappointment", ("Bi_FactAppointment", "BI_FACTAPPOINTMENT", "bi_factappointment",
                                  "public.Bi_FactAppointment_s3"), "fact",
           ["appointmentid", "organizationid"], 1.0, 200, [
        Column("AppointmentId", "VARCHAR(36)", key_guid("appointment")),
        Column("AppointmentGroupId", "VARCHAR(36)", pick_of("apptgroup", "form_ids")),
        Column("GuestId", "VARCHAR(36)", _guest_of_visit),
        Column("TherapistId", "VARCHAR(36)", EMPLOYEE),
        Column("ServiceId", "VARCHAR(36)", ITEM),
        Column("CenterId", "VARCHAR(36)", CENTER),
        Column("StartTime", "TIMESTAMP", pick("apptstart", VISITS, True)),
        Column("DurationMinutes", "INT", pick("duration", ["30", "50", "60", "80", "90", "+45"])),
        Column("AppointmentStatus", "INT", pick("apptstatus", words.APPOINTMENT_STATUS, True)),
        Column("Price", "DECIMAL(19,4)", number("apptprice", 20, 400, 2, True)),
        Column("IsNewGuest", "BOOLEAN", pick("newguest", FALSE_MOSTLY)),
        Column("IsAppointmentVoided", "BOOLEAN", pick("apptisvoided", FALSE_MOSTLY)),
        Column("Notes", "NVARCHAR(4000)", sparse(pick("apptnotes", _notes, True), 6)),
        VOID, ORG, POD, etl_column("appt"),
    ], files=3, upgrades=(
        Upgrade("Release_9_8", False, (
            Column("BookingChannel", "VARCHAR(40)", pick("channel", ["Online", "Phone", "App", "Walk-in", ""])),)),
        Upgrade("Release_10_1", False, (
            Column("DepositPaid", "DECIMAL(19,4)", sparse(number("deposit", 5, 50, 2), 3)),)),
    )),
    make_table("bi_factinvoiceitem", ("Bi_FactInvoiceItem", "bi_factinvoiceitem", "Bi_FactInvoiceItem",
                                  "bi_factinvoiceitem"), "fact",
           ["invoiceitemid"], 1.0, 200, [
        Column("InvoiceItemId", "VARCHAR(36)", key_guid("invoiceitem")),
        Column("InvoiceId", "VARCHAR(36)", pick_of("invoice", "invoice_ids")),
        Column("InvoiceNo", "NVARCHAR(64)", number("invoiceno", 10000, 99999)),
        Column("GuestId", "VARCHAR(36)", GUEST),
        Column("ItemId", "VARCHAR(36)", ITEM),
        Column("CenterId", "VARCHAR(36)", CENTER),
        Column("EmployeeId", "VARCHAR(36)", EMPLOYEE),
        Column("SaleDate", "TIMESTAMP", SALE_DAY),
        Column("SaleDay", "DATE", pick("saleday2", DAYS)),
        Column("Quantity", "INT", pick("quantity", ["1", "1", "1", "2", "3", "-1"])),
        Column("UnitPrice", "DECIMAL(19,4)", number("unitprice", 5, 350, 2)),
        Column("Discount", "DECIMAL(19,4)", sparse(number("discount", 1, 40, 4, True), 3)),
        Column("Tax", "DECIMAL(19,4)", pick("tax", ["0", "0.00", "8.2500", "4.12500000", ".5", "12.0", "-1.75"])),
        Column("Total", "DECIMAL(19,4)", number("total", 5, 900, 2, True)),
        VOID, ORG, POD, etl_column("item"),
    ], files=3),
    make_table("bi_factcollections", ("Bi_FactCollections", "Bi_FactCollections", "bi_factcollections_s3",
                                  "Bi_FactCollections"), "fact",
           ["paymentfactid", "organizationid"], 0.6, 120, [
        Column("PaymentFactId", "BIGINT", key_plain(81_000_000_000)),
        Column("InvoiceId", "VARCHAR(36)", pick_of("invoice", "invoice_ids")),
        Column("GuestId", "VARCHAR(36)", GUEST),
        Column("CenterId", "VARCHAR(36)", CENTER),
        Column("PaymentType", "VARCHAR(64)", pick("paytype", words.PAYMENT_TYPES, True)),
        Column("Amount", "DECIMAL(19,4)", number("amount", 5, 900, 2, True)),
        Column("Tip", "FLOAT", sparse(number("tip", 1, 60, 2), 3)),
        Column("CollectedOn", "TIMESTAMP", SALE_DAY),
        Column("IsRefund", "BOOLEAN", pick("refund", FALSE_MOSTLY)),
        VOID, ORG, POD, etl_column("pay"),
    ], files=2),
    make_table("bi_factgiftcardredemption", ("Bi_FactGiftCardRedemption", "bi_factgiftcardredemption_s3",
                                         "Bi_FactGiftCardRedemption", "Bi_FactGiftCardRedemption"), "fact",
           ["redemptionid", "organizationid"], 0.02, 40, [
        Column("RedemptionId", "VARCHAR(36)", key_guid("redemption")),
        Column("GiftCardId", "VARCHAR(36)", pick_of("giftcard", "gift_card_ids")),
        Column("GuestId", "VARCHAR(36)", GUEST),
        Column("CenterId", "VARCHAR(36)", CENTER),
        Column("RedeemedOn", "TIMESTAMP", SALE_DAY),
        Column("Amount", "DECIMAL(19,4)", number("redeemed", 5, 200, 2, True)),
        VOID, ORG, etl_column("redeem"),
    ]),
    make_table("bi_dimusermembership", ("Bi_DimUserMembership", "BI_DIMUSERMEMBERSHIP", "Bi_DimUserMembership",
                                    "Bi_DimUserMembership_s3"), "fact",
           ["usermembershipid", "organizationid"], 0.08, 60, [
        Column("UserMembershipId", "VARCHAR(36)", key_guid("usermembership")),
        Column("UserId", "VARCHAR(36)", GUEST),
        Column("MembershipId", "VARCHAR(36)", pick_of("membership", "membership_ids")),
        Column("CenterId", "VARCHAR(36)", CENTER),
        Column("StartDate", "TIMESTAMP", pick("memberstart", PAST)),
        Column("ExpiryDate", "TIMESTAMP", pick("memberend", VISITS, True)),
        Column("MembershipStatus", "INT", pick("memberstatus", ["1", "1", "1", "2", "3"], True)),
        Column("IsVoid", "BOOLEAN", pick("memberisvoid", FALSE_MOSTLY)),  # data, not the marker
        VOID, ORG, POD, etl_column("member"),
    ], upgrades=(
        Upgrade("Release_10_1", True, (Column("AutoRenew", "BOOLEAN", pick("autorenew", TRUE_MOSTLY)),)),
    )),
    make_table("bi_factmultipleemployeecommission", (
        "Bi_FactMultipleEmployeeCommission", "bi_factmultipleemployeecommission",
        "Bi_FactMultipleEmployeeCommission", "Bi_FactMultipleEmployeeCommission"), "fact",
           ["invoiceitemid", "employeeid", "organizationid"], 0.1, 60, [
        Column("InvoiceItemId", "VARCHAR(36)", key_guid("invoiceitem")),
        Column("EmployeeId", "VARCHAR(36)", EMPLOYEE),
        Column("CommissionPercent", "FLOAT", pick("commission", ["10", "12.5", "1.5e1", "33.333333333333336"], True)),
        Column("CommissionAmount", "DECIMAL(19,4)", number("commissionamount", 1, 60, 4, True)),
        VOID, ORG, etl_column("commission"),
    ]),
    make_table("bi_factemployeeschedule", ("Bi_FactEmployeeSchedule", "Bi_FactEmployeeSchedule",
                                       "bi_factemployeeschedule", "bi_factemployeeschedule"), "fact",
           ["employeescheduleid"], 0.05, 60, [  # no organization id: matched by the key alone
        Column("EmployeeScheduleId", "BIGINT", key_plain(300_000)),
        Column("EmployeeId", "VARCHAR(36)", EMPLOYEE),
        Column("CenterId", "VARCHAR(36)", CENTER),
        Column("ScheduleDay", "DATE", pick("scheduleday", DAYS)),
        Column("ScheduledHours", "FLOAT", pick("hours", ["8", "7.5", "4", "0", "6.25"], True)),
        VOID, POD, etl_column("schedule"),
    ]),
    make_table("bi_factfeedbackv2", ("Bi_FactFeedbackV2", "bi_factfeedbackv2", "Bi_FactFeedbackV2",
                                 "Bi_FactFeedbackV2"), "exception",
           ["feedbackid"], 0.05, 60, [
        Column("FeedbackId", "VARCHAR(36)", key_guid("feedback")),
        Column("GuestId", "VARCHAR(36)", GUEST),
        Column("AppointmentId", "VARCHAR(36)", pick_of("formappt", "appointment_ids")),
        Column("Rating", "INT", pick("rating", ["5", "5", "4", "4", "3", "1", ""])),
        Column("Comments", "NVARCHAR(65535)", pick("feedback", _notes + [words.quote(a) for a in words.FORM_ANSWERS])),
        Column("FeedbackDate", "TIMESTAMP", pick("feedbackdate", VISITS)),
        VOID, ORG, etl_column("feedback"),
    ], organization=True),
    make_table("bi_factitemcommissiondeductions", (
        "Bi_FactItemCommissionDeductions", "Bi_FactItemCommissionDeductions_s3",
        "bi_factitemcommissiondeductions", "Bi_FactItemCommissionDeductions"), "exception",
           ["deductionid"], 0.03, 40, [
        Column("DeductionId", "DECIMAL(19,0)", key_number(55_000_000)),
        Column("ItemId", "VARCHAR(36)", ITEM),
        Column("DeductionAmount", "DECIMAL(19,4)", number("deduction", 1, 20, 2)),
        Column("DeductionName", "NVARCHAR(256)", pick("deductionname", ["Product cost", "\"Card fee, 3 %\"", "Linen"])),
        VOID, ORG, etl_column("deduction"),
    ], organization=True),
]
