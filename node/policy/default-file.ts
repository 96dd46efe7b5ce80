/** The commented policy that `node init` writes into the home and puts in force. */

export const defaultPolicyFile = `# What this hospital permits. Nothing in this file is in force until it is applied:
#   moim node policy check FILE   says what it means, and what waiting work it would change
#   moim node policy apply FILE   puts it in force as the next version
# Rules that are commented out show an example; without them everything that the rule speaks of is permitted.

# The fewest persons a released figure may stand on. A study may ask for more, never for fewer.
minimumCell = 5

# Whether an empty cell may be shown as zero. If not, it is withheld like a small one.
showZero = true

# What may be computed.
analyses = ["count"]

# Parts that a study may ask of count besides; without this rule all of them: attrition by event, gain and standalone counts of each
# inclusion rule, calendar years, rows by sex, age and year. All of them are released under the same rule, as one table.
# countParts = ["events", "gain", "standalone", "year", "rows"]

# Who says that a study may run: "automatic" (this policy alone), "one-person" or "two-persons" (named persons, each time anew).
permit = "automatic"

# "reviewed": only the very figures leave that a person saw in a dry run and approved by their hash.
release = "automatic"

# Days that an approval holds unless its approver says otherwise.
approvalDays = 30

# Of the leads accepted with \`moim node trust\`, those whose studies may run (fingerprints); without it, all of them.
# leads = ["ABCD-EFGH-IJKL-MNOP"]

# Fields of a study that must be filled in: purpose, sponsor, ethicsReference, legalBasis, contact, funding, end.
# requiredFields = ["ethicsReference", "legalBasis", "contact"]

# Dates in one definition may not single out fewer days than this; wider ones can still be subtracted from each other.
# minimumWindowDays = 30

# Criteria and attributes by the names that ATLAS gives them in a definition's JSON: a type ("Death"), one of its attributes
# ("Observation.ValueAsString"), an attribute of every type ("*.ProviderSpecialty"). Where \`allow\` is given, nothing else may be used.
# Cohorts that stand on one another make differences easy to ask for: two figures, each large enough, that a few persons tell apart. "Combination"
# denies combinations of cohorts ("Combination.minus" the one without the others alone), "CohortMembership" a cohort that asks for membership of another.
# [criteria]
# deny = ["Combination", "CohortMembership", "DemographicCriteria.Race", "DemographicCriteria.Ethnicity", "*.ProviderSpecialty", "Observation.ValueAsString", "*.SeriesDescription", "*.ProtocolName"]

# Studies that may run on one day (UTC). The others wait for the next day.
# [quota]
# perLeadPerDay = 20
# perDay = 100
`;
