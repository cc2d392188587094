// The variables of the process, which only the shells read: everything else is handed them.

export type Environment = Readonly<Record<string, string | undefined>>;
