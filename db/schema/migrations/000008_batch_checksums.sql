-- What proves a batch: which records it has, a checksum of their content, and one that chains it to the batch before.

ALTER TABLE batches ADD COLUMN first_seq bigint;
ALTER TABLE batches ADD COLUMN last_seq bigint;
ALTER TABLE batches ADD COLUMN content_hash bytea;
ALTER TABLE batches ADD COLUMN chain_hash bytea;
COMMENT ON COLUMN batches.first_seq IS 'Number of its first record of any kind. Null, as the columns behind it: written by a version that kept no checksums.';
COMMENT ON COLUMN batches.last_seq IS 'Number of its last record.';
COMMENT ON COLUMN batches.content_hash IS 'SHA-256 of its records in their canonical form, which tapedeck verify computes from the rows again.';
COMMENT ON COLUMN batches.chain_hash IS 'SHA-256 of the batch before''s chain_hash, the number and the content_hash of this one. The last of a session stands for all of it.';

-- down

ALTER TABLE batches DROP COLUMN first_seq, DROP COLUMN last_seq, DROP COLUMN content_hash, DROP COLUMN chain_hash;
