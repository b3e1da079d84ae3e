"""Word lists that make the rows look like a spa group's. Everything is invented.

Values that go into a file are CSV text: quote() is applied once, when a pool is built, so that
making a million rows never has to look at a value again.
"""


def quote(text, always=False):
    """CSV text of one value; quoted only where it must be, or always."""
    if always or any(c in text for c in ',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text


FIRST_NAMES = """José Łukasz Zoë Anna Maria Priya Wei Aoife Søren Björk Nguyễn Fatima Олена Chloé
 James Mary Robert Linda Michael Susan David Karen Daniel Nancy Paul Lisa Mark Betty Steven Helen
 Andrew Sandra Kenneth Ashley Joshua Kim Kevin Donna Brian Emily George Carol Edward Michelle Ronald
 Amanda Timothy Melissa Jason Deborah 美咲 Ramón Günther Siân Ōta""".split()
LAST_NAMES = """O'Brien Núñez Kowalski Smith Johnson Williams Brown Jones García Miller Davis Wilson
 Martínez Anderson Taylor Thomas Hernández Moore Martin Jackson Thompson White López Lee González
 Harris Clark Lewis Robinson Walker Pérez Hall Young Allen Sánchez Wright King Scott Green Baker
 Adams Nelson Hill Ramírez Campbell Mitchell Roberts Carter Phillips D'Angelo Müller-Lüdenscheidt
 Đặng Żółć 佐藤 McDonald Ó\u00a0Súilleabháin""".split(" ")
LAST_NAMES = [name.strip() for name in LAST_NAMES if name.strip()]

CITIES = ["Austin", "Dallas", "Houston", "San José", "New York", "Québec", "Zürich", "Kraków",
          "Winston-Salem", "Saint Paul", "Washington, D.C.", "Miami", "Portland", "Köln", "London"]
STREETS = ["Main St", "Oak Ave", "2nd Street", "Lake View Dr", "Champs-Élysées", "Elm St, Apt \"B\"",
           "Hauptstraße", "Park Row", "Sunset Blvd", "Mill Lane\nRear building"]
DOMAINS = ["example.com", "example.org", "mail.example.com", "example.net", "spa.example"]

SERVICES = ["Swedish Massage", "Deep Tissue Massage", "Hot Stone", "Facial, Classic", "Facial \"Glow\"",
            "Manicure", "Pedicure", "Microdermabrasion", "Laser Hair Removal", "Body Wrap",
            "Aromatherapy", "Reflexology", "HydraFacial™", "Couples’ Massage", "Brow & Lash 💆"]
BRANDS = ["Classic", "Deluxe", "Express", "Signature", "Seasonal", "VIP"]

FORM_FIELDS = ["Allergies", "Are you pregnant?", "Skin type", "Pressure (1-10)", "Date of last visit",
               "Signature", "Comments", "Medication, if any", "How did you hear about us?",
               "Consent to \"treatment\"", "Emergency contact", "Água quente?"]
FORM_ANSWERS = ["none", "No", "Yes", "peanuts, latex", "sensitive", "dry", "oily",
                "Please call before 9.", "He said \"softly, please\"", "line one\nline two",
                "first\r\nsecond", "naïve café ☕", "N/A", "NULL", "-", "  two leading blanks",
                "ends with a blank ", "100 % ok", "back\\slash", "tab\there", "O'Brien", "👍🏽", ";", "'"]

NOTES = ["prefers window room", "late cancel, waived", "VIP – call first", "see note\nfrom March",
         "\"regular\"", "allergic to lavender", "gift from mother-in-law", "room 3, please", "日本語 OK"]
TAGS = ["vip", "vip,local", "new", "winback", "no-show", "student,local,\"gold\"", "staff"]
JOBS = ["Massage Therapist", "Esthetician", "Nail Technician", "Front Desk", "Center Manager"]
REFERRALS = ["Google", "Friend", "Walk-in", "Instagram", "Yelp", "Gift card"]
PAYMENT_TYPES = ["Card", "Cash", "Gift Card", "Membership", "Check", "Custom - Groupon"]
APPOINTMENT_STATUS = ["0", "1", "2", "4", "-1", "-2", "10", "+1", "004"]
USER_TYPES = ["Guest", "Guest", "Guest", "Guest", "Guest", "Guest", "Guest", "Employee"]
