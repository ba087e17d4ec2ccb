//! Who runs the program, and who may open a file, asked of Windows itself: `icacls` and `whoami` answer in the user's
//! language, and no crate that is well kept has a safe form of these few functions.
//!
//! Invariant: `unsafe` stands in this file only, and every call in it is given memory that outlives it.
#![allow(unsafe_code, reason = "access control lists can't be reached otherwise")]

use std::{ffi::c_void, fs::File, io, os::windows::io::AsRawHandle, ptr::null_mut};

use windows_sys::{
    Win32::{
        Foundation::{ERROR_SUCCESS, HANDLE, LocalFree},
        Security::{
            Authorization::{
                ConvertSecurityDescriptorToStringSecurityDescriptorW, ConvertSidToStringSidW,
                ConvertStringSecurityDescriptorToSecurityDescriptorW, GetSecurityInfo, SDDL_REVISION_1,
                SE_FILE_OBJECT,
            },
            DACL_SECURITY_INFORMATION, GetTokenInformation, SetKernelObjectSecurity, TOKEN_ELEVATION,
            TOKEN_INFORMATION_CLASS, TOKEN_USER, TokenElevation, TokenUser,
        },
    },
    core::{BOOL, PWSTR},
};

/// What the token of this process is called without being opened.
const THIS_TOKEN: HANDLE = -4_isize as HANDLE;
/// More than any answer about a token needs: a SID has 68 bytes at most. Its parts are aligned like the answers.
#[derive(Default)]
struct Answer([u64; 32]);

/// Memory that Windows has allocated for us.
struct Local(*mut c_void);

impl Drop for Local {
    fn drop(&mut self) {
        // SAFETY: it came from a function whose answers are freed like this, and nobody else has it.
        unsafe { LocalFree(self.0) };
    }
}

/// The user's SID.
pub(super) fn user() -> io::Result<String> {
    let mut answer = Answer::default();
    ask(TokenUser, &mut answer)?;
    let mut text: PWSTR = null_mut();
    // SAFETY: an answer of this class begins with a `TOKEN_USER` that points into it, where it still is.
    succeeded(unsafe {
        let user = answer.0.as_ptr().cast::<TOKEN_USER>().read();
        ConvertSidToStringSidW(user.User.Sid, &raw mut text)
    })?;
    Ok(taken(text))
}

/// Whether the process has an administrator's rights at this moment.
pub(super) fn is_elevated() -> io::Result<bool> {
    let mut answer = Answer::default();
    ask(TokenElevation, &mut answer)?;
    // SAFETY: an answer of this class is a `TOKEN_ELEVATION`.
    Ok(unsafe { answer.0.as_ptr().cast::<TOKEN_ELEVATION>().read() }.TokenIsElevated != 0)
}

/// Who may open a file, in SDDL: the language of security descriptors. The file was opened with `READ_CONTROL`.
pub(super) fn access(file: &File) -> io::Result<String> {
    let mut descriptor = null_mut();
    // SAFETY: the handle is open; what is not asked for may be null.
    worked(unsafe {
        GetSecurityInfo(
            file.as_raw_handle(),
            SE_FILE_OBJECT,
            DACL_SECURITY_INFORMATION,
            null_mut(),
            null_mut(),
            null_mut(),
            null_mut(),
            &raw mut descriptor,
        )
    })?;
    let descriptor = Local(descriptor);
    let mut text: PWSTR = null_mut();
    // SAFETY: the descriptor is alive.
    succeeded(unsafe {
        ConvertSecurityDescriptorToStringSecurityDescriptorW(
            descriptor.0,
            SDDL_REVISION_1,
            DACL_SECURITY_INFORMATION,
            &raw mut text,
            null_mut(),
        )
    })?;
    Ok(taken(text))
}

/// Says who may open a file, just so: what its folder would add is not asked for, which the text says by its `P`. What is
/// in a folder keeps what it has. The file was opened with `WRITE_DAC`.
pub(super) fn set_access(file: &File, sddl: &str) -> io::Result<()> {
    let descriptor = descriptor(sddl)?;
    // SAFETY: the handle is open and the descriptor alive.
    succeeded(unsafe {
        SetKernelObjectSecurity(file.as_raw_handle(), DACL_SECURITY_INFORMATION, descriptor.0)
    })
}

fn descriptor(sddl: &str) -> io::Result<Local> {
    let text: Vec<u16> = sddl.encode_utf16().chain([0]).collect();
    let mut descriptor = null_mut();
    // SAFETY: the text ends with a zero.
    succeeded(unsafe {
        ConvertStringSecurityDescriptorToSecurityDescriptorW(
            text.as_ptr(),
            SDDL_REVISION_1,
            &raw mut descriptor,
            null_mut(),
        )
    })?;
    Ok(Local(descriptor))
}

/// The answer may point into itself, so that it must not move.
fn ask(class: TOKEN_INFORMATION_CLASS, answer: &mut Answer) -> io::Result<()> {
    let mut length = 0;
    let size = u32::try_from(size_of::<Answer>()).unwrap_or_default();
    // SAFETY: the answer has room for so many bytes, or the call fails.
    succeeded(unsafe {
        GetTokenInformation(THIS_TOKEN, class, answer.0.as_mut_ptr().cast(), size, &raw mut length)
    })
}

/// Copies a text and frees the original.
fn taken(text: PWSTR) -> String {
    let text = Local(text.cast());
    let mut units = Vec::new();
    let mut at = text.0.cast::<u16>();
    // SAFETY: Windows ends its texts with a zero, and nothing is read after it.
    unsafe {
        while *at != 0 {
            units.push(*at);
            at = at.add(1);
        }
    }
    String::from_utf16_lossy(&units)
}

fn succeeded(answer: BOOL) -> io::Result<()> {
    if answer == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

fn worked(code: u32) -> io::Result<()> {
    if code == ERROR_SUCCESS { Ok(()) } else { Err(io::Error::from_raw_os_error(code.cast_signed())) }
}
