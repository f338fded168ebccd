"""Words that several rules share, as verbose regular expressions over lower-case text."""

from __future__ import annotations

from typing import Final

ROLE: Final = r"""(?:(?:all|only|any|every|each|no|most|new|free|paid|other|authorized|authorised|registered
    |verified|team|site
    |workspace|account|project|premium|basic|pro|enterprise)\s+){0,2}
    (?:you|users?|admins?|administrators?|members?|owners?|editors?|viewers?|guests?|employees?|customers?|managers?
    |subscribers?|staff|contractors?|moderators?|maintainers?|developers?|tenants?|clients?|partners?|vendors?|students?
    |patients?|visitors?|residents?|participants?|anyone|everyone|everybody|nobody|no[ ]one|minors?|children
        |interns?)"""
ACCESS: Final = r"""(?:export|delete|edit|access|view|share|download|upload|invite|create|manage|modify|change
    |approve|cancel
    |publish|deploy|remove|add|assign|transfer|merge|read|write|see|open|update|revoke|grant|reset|refund|return|bring
    |enter|use|install|redistribute|reproduce|copy|sell|resell|withdraw|reject|override|install|sign|submit|request)"""
RECORD: Final = r"""(?:order|account|balance|subscription|plan|ticket|case|package|parcel|shipment|delivery
    |invoice|payment|refund
    |booking|reservation|appointment|request|application|claim|cart|profile|membership|card|password|session
    |device|trial
    |usage|quota|credits?|points|bill|transaction|transfer|deposit|claim|policy|license|licence|seats?|storage
    |license|flight
    |return|renewal|statement|inbox|mailbox|workspace|repository|deployment|build|job|server|instance|contract
        |limit)s?"""
ABLE: Final = r"""(?:can(?:no|')?t|can[ ]not|can't|am[ ](?:not[ ]able|unable)|'m[ ](?:not[ ]able|unable|not[ ]allowed)
    |won't|will[ ]not|must[ ](?:decline|refuse)|do(?:n't|[ ]not)[ ]have|do(?:n't|[ ]not)[ ]feel[ ]comfortable
    |could[ ]not|couldn't|refuse|apologi[sz]e|am[ ]sorry|'m[ ](?:so[ ]|very[ ]|really[ ])?sorry)"""
PRAISE: Final = r"""(?:great|amazing|awesome|wonderful|beautiful|fantastic|excellent|terrible|awful|horrible
    |boring|lovely|nice
    |brilliant|perfect|delightful|charming|hilarious|funny|entertaining|engaging|compelling|stunning|gorgeous|superb
    |ridiculous|stupid|silly|dull|tedious|disappointing|impressive|remarkable|memorable|enjoyable|fun|interesting
    |fascinating|moving|touching|clever|witty|smart|inspiring|thrilling|predictable|pretentious|annoying|sad|cool|fine
    |good|bad|worse|worst|best|better|fresh|sweet|worthwhile|satisfying|unforgettable|flawed|masterful|refreshing
    |wrong|right|important|weird|strange|scary|neat|pretty|cute|tough|easy|hard)"""
