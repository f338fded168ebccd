"""Closed word lists of English that the splitter reads by. Data only; all lower case."""

from __future__ import annotations

from typing import Final


def words(text: str) -> frozenset[str]:
    """Return the words of a list written as running text."""
    return frozenset(text.split())


TITLES: Final = words(
    """mr mrs ms mx dr prof sen rep gov gen lt col sgt capt cpt cmdr adm maj rev hon pres supt mt ft st sr. mme mlle
    messrs"""
)
"""Abbreviations that a name follows: their full stop never ends a sentence."""

INNER_ABBREVIATIONS: Final = words(
    """e.g i.e eg ie vs v cf viz approx ca esp incl excl resp al. op ibid tel ext feat aka a.k.a"""
)
"""Abbreviations that more of the sentence follows."""

NUMBERING_ABBREVIATIONS: Final = words(
    """no nos fig figs eq eqs vol vols p pp art arts sec sect ch chap ed eds pt para nr item"""
)
"""Abbreviations that a number follows; elsewhere some of them are words."""

CLOSING_ABBREVIATIONS: Final = words(
    """inc ltd co corp llc plc gmbh bros jr sr esq etc al dept est univ assn intl govt ave blvd rd hwy apt bldg jan
    feb mar apr jun jul aug sep sept oct nov dec mon tue tues wed thu thur thurs fri a.m p.m am. pm. ph.d m.d b.a
    m.a b.sc m.sc d.c u.s u.k u.n e.u u.s.a b.c a.d c.e min max avg hr hrs mins secs lbs oz ft. mi kg. km. cm. mm.
    yr yrs mo"""
)
"""Abbreviations that may stand at the end of a sentence: it ends there if the next word commonly starts one."""

STARTERS: Final = words(
    """the a an this that these those it he she they we you i there here its his her their our your my in on at by
    for from with after before when while if although though because since as during under over however but and so
    yet moreover furthermore therefore meanwhile then also finally first second third next today yesterday now
    currently later once another some many most all both each every no not what who where why how is are was were
    do does did has have can could will would please let to"""
)
"""Words that commonly start a sentence."""

SPEECH_VERBS: Final = words("said says asked replied wrote added shouted answered explained noted according")

VERBS_AFTER_NAME: Final = words("is was has had will can and or announced reported said offers acquired's inc")
"""Words after an exclamation mark that show it to be part of a name (Yahoo! is ...)."""

AUXILIARIES: Final = words(
    """is are was were am be's has have had does do did will would can could may might must shall should cannot isn't
    aren't wasn't weren't hasn't haven't hadn't doesn't don't didn't won't wouldn't can't couldn't mustn't
    shouldn't isn’t aren’t wasn’t weren’t hasn’t haven’t hadn’t doesn’t don’t didn’t won’t wouldn’t can’t couldn’t
    it's he's she's that's there's they're we're you're i'm it’s he’s she’s that’s there’s they’re we’re you’re
    i’m they've we've you've i've they’ve we’ve you’ve i’ve i'll you'll we'll they'll it'll he'll she'll i’ll
    you’ll we’ll they’ll it’ll he’ll she’ll i'd you'd we'd they'd he'd she'd it'd i’d you’d we’d they’d he’d she’d"""
)
"""Verbs that are always finite."""

PRESENT_VERBS: Final = words(
    """makes offers provides includes costs plays leads supports takes works lives contains runs owns uses requires
    ships allows means lies stands sits sells buys gives gets goes comes becomes begins ends starts stops opens
    closes serves holds keeps remains stays belongs consists covers applies expires depends drives races coaches
    manages reports represents competes performs operates produces employs grows rises falls increases decreases
    shows says states claims believes thinks knows wants needs tends seems appears looks sounds feels helps
    returns reads writes creates builds enables lets charges pays earns ranks exceeds equals measures weighs spans
    features combines publishes teaches studies speaks hosts heads chairs governs rules handles sends receives
    stores saves deletes follows precedes succeeds replaces resembles differs varies exists lasts occurs happens
    connects links points plans aims seeks faces wins loses scores carries brings puts sets turns moves bears
    dates hails resides"""
)
"""Third-person verbs whose form is rarely a noun after a subject."""

PAST_VERBS: Final = words(
    """won lost became began took gave went came made said told found founded built bought sold led held kept left
    met paid ran rose fell grew spoke wrote drew drove flew knew saw sent spent stood taught thought threw wore
    brought caught chose ate fought forgot got hid hit hurt laid lay lit put quit read rode rang sang sat set
    shook shot shut slept struck swam swore understood woke beat bore bound broke cost cut dealt dug fed felt"""
)
"""Irregular past forms."""

ED_NOUNS: Final = words(
    """red bed need speed feed seed weed breed indeed hundred sacred naked limited united unlimited speed-limited
    aged kindred"""
)
"""Words in -ed that are no past tense."""

RELATIVES: Final = words("who which whose whom that where when")
SUBORDINATORS: Final = words(
    """if when because although though that whether unless until since as while whereas once who which whose whom
    where what how why than before after"""
)
DETERMINERS: Final = words(
    """the a an this that these those its his her their our your my each every no some any all both another either
    neither"""
)
PREPOSITIONS: Final = words(
    """in on at by for from with of to into onto over under between among during since until after before about
    against through within without across near behind beyond per via as"""
)
PRONOUN_SUBJECTS: Final = words("he she it they we you i this that these those there who")
ADVERBS: Final = words(
    """currently now today presently still also already then later previously formerly recently now originally since
    never always often usually only just first once subsequently"""
)

PARTICIPLES: Final = words(
    """born founded made built held known given taken written sold bought led won lost spent paid set put cut run
    begun drawn driven grown shown spoken worn broken chosen based located due called named elected appointed"""
)
"""Past participles that do not end in -ed, and some that stand alone."""

PREDICATES: Final = words(
    """open closed available free true false correct right wrong safe legal illegal valid invalid active inactive
    ready refundable taxable deductible required mandatory optional possible impossible included enabled disabled
    supported compatible eligible entitled allowed permitted public private alive dead married single vegan
    vegetarian waterproof expensive cheap big small large new old better worse bigger smaller larger older younger
    taller responsible able subject part still currently now"""
)
"""Words that begin the predicate of a copular question."""

IRREGULAR_PAST: Final = {
    "become": "became", "begin": "began", "build": "built", "buy": "bought", "come": "came", "cost": "cost",
    "die": "died", "do": "did", "find": "found", "get": "got", "give": "gave", "go": "went", "grow": "grew",
    "have": "had", "hold": "held", "join": "joined", "lead": "led", "leave": "left", "lose": "lost", "make": "made",
    "meet": "met", "pay": "paid", "rise": "rose", "run": "ran", "say": "said", "sell": "sold", "send": "sent",
    "speak": "spoke", "spend": "spent", "start": "started", "take": "took", "win": "won", "write": "wrote",
    "fall": "fell", "know": "knew", "see": "saw", "set": "set", "put": "put", "cut": "cut", "let": "let",
    "tell": "told", "think": "thought", "teach": "taught", "bring": "brought", "break": "broke", "choose": "chose",
    "draw": "drew", "drive": "drove", "fly": "flew", "keep": "kept", "hit": "hit", "beat": "beat", "fight": "fought",
}  # fmt: skip
"""Past tense of verbs by base form."""

BARE_VERBS: Final = words(
    """cost play work live make take have need use offer provide include support ship sell buy own run lead hold
    serve open close start begin end die join leave win lose found build create publish release launch mean
    contain cover apply expire require allow accept charge pay earn weigh measure last belong go come happen occur
    drive race coach manage study teach speak write read produce employ grow give get become expect plan race
    compete host acquire merge announce report raise increase decrease invent discover marry retire resign elect
    appoint move return stand lie rise fall drop change remain stay stop help know want see think feel look ask work"""
)
"""Base forms that may follow a subject in a question with do."""

NOUN_VERBS: Final = words(
    """plan report offer release charge cover support use work play race drive study move return help change answer need
    start end launch lead show run cut share"""
)
"""Base forms that are as often nouns."""

ORDERS: Final = words(
    """click press tap select choose type enter go open close see visit contact call email check try note ensure make
    download upload install restart reset log sign navigate follow use add remove turn switch hold scroll drag
    copy paste submit refer read keep avoid remember consider please do don't don’t never always let start begin
    run stop wait"""
)
"""Verbs that commonly open an instruction."""

OTHER_VERBS: Final = words(
    """es est ist sind sont fue foi été è é sono são était wurde werden liegt beträgt kostet cuesta coûte está está
    estão sarà será sera wird"""
)
"""Finite verbs of neighbouring languages that are no English words: their sentences are no fragments."""

NOT_NAMES: Final = words(
    """i monday tuesday wednesday thursday friday saturday sunday january february march april may june july august
    september october november december yes sure thanks hello hi ok okay note dear wow great"""
)
"""Words that are capitalised without being names of things to speak of."""

JOINING: Final = words("of de del van von der den bin ibn al el la le di da dos du & the")
"""Lower-case words inside names."""

ROLES: Final = words(
    """president prime minister chancellor ceo cfo cto chief chairman chairwoman chair director secretary senator pm mp
    governor mayor premier monarch head officer executive vice deputy manager coach captain founder"""
)
"""Offices: a name that begins with one is an office, and an office is no person."""

NOT_PERSONS: Final = words(
    """new united north south west east northern southern western eastern san los saint st fc cf city republic
    kingdom states union league cup grand bank group motors motor air island islands lake mount river university
    college party court street inc ltd corp corporation company co llc plc gmbh foundation institute council
    committee house world war football club national international global systems technologies technology software
    labs holdings partners airlines airport hotel museum park bridge tower act treaty agreement prize award times
    post journal real red blue green white black sea ocean gulf bay coast valley county province district region
    department ministry agency association society church temple school hospital festival games championship
    series edition pro max plus premium enterprise standard plan phase quarter fiscal racing warriors lakers"""
)
"""Words that show a name to be no person's."""

COMPANY_FORMS: Final = words(
    "inc ltd corp corporation company co llc plc gmbh group motors holdings technologies labs ag sa"
)
"""Last words of names that show a company."""

PLACES: Final = "city|country|state|town|region"
"""Nouns that with *the* stand for a place said before."""

GROUPS: Final = (
    "company|firm|corporation|organisation|organization|bank|team|club|airline|university|school|band|startup|brand|"
    "agency|league|party|vendor"
)
"""Nouns that with *the* stand for a body of people said before."""

THINGS: Final = f"{PLACES}|{GROUPS}|product|app|museum|river|mountain|bridge|service"
"""Nouns that with *the* stand for a name said before."""

PLACING: Final = words("in at from near outside across throughout")
"""Prepositions that show the name after them to be a place's."""

PROMPTS: Final = words(
    """summarize summarise explain describe write list tell give compare translate draft create generate provide show
    help answer classify extract identify name state rewrite complete continue contact email call visit click open
    check see reach ask read use try select choose press enter send submit download install run note remember
    feel let consider keep make take look go stay start stop wait drop follow add set turn save share pick imagine"""
)
"""Verbs that open a request to a model, or an instruction to a person."""

GREETINGS: Final = words(
    """hi hello hey hiya howdy dear greetings bonjour hola ciao hallo servus moin namaste salut aloha salaam
    shalom hej ahoj olá privet thanks thank cheers bye goodbye adios tschüss"""
)
"""Words that greet or thank; the name of whoever is spoken to may follow."""

INTERJECTIONS: Final = words(
    """sure surely certainly absolutely definitely indeed okay ok alright right correct exactly precisely totally oh ah
    ooh aha hm hmm hmmm mm mmm um uh uhm wow whoa yay hooray hurray oops ouch phew gosh gladly understood noted agreed
    roger bravo kudos yes yeah yep yup no nope well great perfect excellent awesome fantastic wonderful brilliant super
    actually honestly frankly please so now then and but congratulations congrats sorry amazing voilà voila welcome"""
)
"""Words that say nothing when they stand alone."""

COURTEOUS: Final = words(
    """of course all thing question one choice point idea news thinking ask catch request topic good fair nice lovely
    interesting superb fun tough tricky important terrific smart wise what a an that's this is it's such very really
    quite pretty too again there friend folks everyone everybody team sir madam ma'am buddy mate dude for you at
    bargain steal deal gem treat winner joy shame pity bummer relief surprise breeze must-have no-brainer pleasure"""
)
"""Words that say nothing together with one another or with interjections: *what a great question*."""
