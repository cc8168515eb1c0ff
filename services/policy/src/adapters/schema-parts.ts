import { z } from "zod";

/** Text that is not empty, without space around it. */
export const text = (max: number) => z.string().trim().min(1, "must not be empty").max(max, `must be at most ${max} characters`);

/** A list that is not empty. */
export const list = <Item extends z.ZodType>(item: Item, max: number) =>
  z.array(item).min(1, "must not be empty").max(max, `must have at most ${max} members`);
