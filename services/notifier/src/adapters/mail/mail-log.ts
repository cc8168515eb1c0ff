/** One mail that the server took. `version`: of the action as it shows it. */
export type SentMail = { readonly personId: string; readonly eventId: string; readonly messageId: string; readonly version: number };

export type MailedAction = { readonly tenant: string; readonly actionId: string };

/** What became of each person's mail, so that a second attempt leaves out whom the first one reached, and a follow-up finds its thread. */
export type MailLog = {
  /** About this action, oldest first. */
  sentAbout(action: MailedAction): Promise<readonly SentMail[]>;
  record(action: MailedAction, mail: SentMail): Promise<void>;
};
