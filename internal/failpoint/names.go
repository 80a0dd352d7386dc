package failpoint

// The points, in the order of a login.
const (
	MigrationUnfinished = "migration-unfinished" // statements ran, the migration is not committed
	ChallengeUnstored   = "challenge-unstored"
	ChallengeStored     = "challenge-stored" // before anything was pushed
	PushSent            = "push-sent"        // and not noted
	ApprovalUnstored    = "approval-unstored"
	ApprovalStored      = "approval-stored" // and not answered
	SessionUnstored     = "session-unstored"
	SessionStored       = "session-stored"    // and its cookie not set
	CodeIssued          = "code-issued"       // and the browser not redirected
	CodeRedeemed        = "code-redeemed"     // and the tokens not delivered
	RefreshStored       = "refresh-stored"    // and the successor not delivered
	BackupUnfinished    = "backup-unfinished" // before each table, and once before the file gets its name
	// before each table and before the commit, first when the backup is verified; and between
	// the steps by which a file takes the place of another
	RestoreUnfinished = "restore-unfinished"
)
