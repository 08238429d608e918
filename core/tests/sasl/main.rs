//! SASL from outside: the vectors of the RFCs, another implementation as the server, wrong servers, secrets.

mod independent;
mod vectors;
