/**
 * Session settings that make Postgres take the index that a statement was written for, also while it knows nothing about the tables: right
 * after installation every plan looks equally cheap to it, and it would read a whole table, or all events of a tenant, to find one stream.
 * Without sorts, only the index that gives the asked order is left; so each statement on events asks for an order.
 */
export const INDEX_PLANS = { enable_seqscan: "off", enable_bitmapscan: "off", enable_sort: "off" };
