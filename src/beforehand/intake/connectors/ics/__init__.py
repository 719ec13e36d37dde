"""Calendars as iCalendar (.ics): bookings that a clinic, a ride or a family sends."""
