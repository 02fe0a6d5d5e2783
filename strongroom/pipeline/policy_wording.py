"""What the policy's document says whatever the policy file is: the position and the procedures of the software."""

SCOPE = (
    "This policy governs the records of the contact centre: every conversation held on Genesys Cloud, with its voice"
    " and screen recordings, e-mails, chats and messages, their attachments and transcripts, and the data that"
    " describe them. Each is archived in the night after its end, into write-once storage (Amazon S3 Object Lock) by"
    " Strongroom.",
    "It says how long each kind of record is kept and on what ground, how it is protected meanwhile, how it is"
    " disposed of, and who may do what with it. The archive enforces it: what it says of locks and years is what the"
    " storage is told.",
)

YEARS = (
    "Years are calendar years from the end of the interaction, in UTC, and never less than asked: what ended on 29"
    " February is kept until 1 March."
)

RULES = (
    "Each record is classified when it is archived, by its data and the names that queues, divisions and wrap-up"
    " codes had that day. All rules that match count: the longest retention wins, and the strictest lock. The rules"
    " that matched, and on what, are written on the record's manifest. In a name * stands for any text."
)

LOCKS = (
    "COMPLIANCE: nobody can delete or change the record, or shorten its lock, before its date: no administrator, not"
    " the root account of the storage, not the provider. GOVERNANCE: the same, but a single permission can lift it;"
    " only the break-glass role has it, with a second factor and a second person.",
    "A lock that stands is made longer or stricter, never shorter or weaker.",
)

ERASURE = (
    "A request under Article 17 of the GDPR is decided for each record by its class. The right to erasure does not"
    " apply where keeping is necessary for compliance with a legal obligation (Article 17(3)(b)) or for the"
    " establishment, exercise or defence of legal claims (Article 17(3)(e))."
)

ERASURE_PROCEDURE = (
    "A record under a legal hold is never erased while the hold stands (Article 17(3)(e)). What may go is deleted by"
    " the break-glass role alone, asked for by one person and approved by another. A certificate without personal"
    " data is kept; the proof that a record once existed stays, without its content.",
    "What must stay is told to the person with the class's basis and the article. It is erased when its retention has"
    " run out and it is disposed of.",
)

HOLDS = (
    "A legal hold is placed for a matter, which has a name, a reason and a requester. It holds records by id, by list"
    " or by search, and while the matter is open those that are archived later and match. A held record is neither"
    " disposed of nor erased, whatever its age. A record that several matters hold is free when the last of them is"
    " released. Placing needs the records manager; releasing needs a second person as well.",
)

DISPOSITION = (
    "Each month the records whose retention has run out, and that no hold keeps, are listed for the records manager"
    " by class and number; so is what is held, and why.",
    "A second person approves the list. Nobody approves their own.",
    "The objects, the personal data in the ledger, the text index and caches are deleted. The storage itself refuses"
    " whatever is locked or held, and that refusal is final.",
    "A certificate of what was disposed of (class, basis, dates, hashes, who approved) is kept in locked storage and"
    " in the archive's transparency log.",
)

CHANGES = (
    "A new version is tried on what is archived before it is put in force, and its effect on records, years, locks"
    " and cost is shown.",
    "It decides on what is archived from then on. Applied to what is archived already it lengthens and tightens"
    " locks; each change is an event of the custody chain. What it would shorten or weaken keeps its lock.",
    "Each version that was in force is kept as long as the longest of its records.",
)

ROLES = (
    "Who works with the archive has one or more of these roles, and sees the records of the divisions that are"
    " assigned. To see content a request of one's own is needed besides, with its reason; every look is an event of"
    " the custody chain."
)

PERMISSIONS = (
    "What each role may do to the storage. A denial counts for more than any permission, also than one that is given"
    " elsewhere by mistake."
)
